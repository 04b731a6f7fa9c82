using System.Globalization;

namespace Billing.LocalTools;

/// <summary>What is in a data directory, before a server opens it.</summary>
internal static class PostgresDirectory
{
    private const string Settings = "billing.conf";

    // Durable as in production, small as on a developer's machine. What a person writes below the include
    // wins.
    private const string SettingsText =
        """
        # Written when the data directory was made. Lines below the include in postgresql.conf win over these.
        fsync = on
        full_page_writes = on
        synchronous_commit = on
        max_connections = 200
        shared_buffers = 256MB
        wal_buffers = 16MB
        # Seldom, since after each checkpoint every page goes whole into the log once.
        max_wal_size = 2GB
        checkpoint_timeout = 15min
        # Statements here are short and many: compiling one costs more than it brings.
        jit = off
        password_encryption = scram-sha-256
        timezone = 'UTC'
        log_timezone = 'UTC'
        log_destination = 'stderr'
        logging_collector = off
        log_line_prefix = '%m [%p] '
        # Statements carry tenants' data.
        log_statement = none
        log_min_error_statement = panic
        log_min_duration_statement = -1
        log_checkpoints = off
        log_autovacuum_min_duration = -1
        """;

    public static void Make(PostgresUser.Choice chosen, string place, string password, bool durable)
    {
        var (user, binaries, moves) = chosen;
        var unfinished = moves
            ? Path.Combine(PostgresUser.Elsewhere, $"postgres-{Guid.NewGuid():N}")
            : $"{place}.unfinished";
        var passwordFile = $"{unfinished}.password";
        var done = false;
        try
        {
            if (Directory.Exists(unfinished))
                Directory.Delete(unfinished, recursive: true); // an interrupted run's
            Directory.CreateDirectory(Path.GetDirectoryName(unfinished)!);
            Directory.CreateDirectory(unfinished); // initdb makes it private
            WritePrivate(passwordFile, password);
            Give(user, unfinished, passwordFile);

            string[] arguments =
            [
                "-D", unfinished, "-U", LocalPostgres.Administrator, "-E", "UTF8", "--locale=C",
                "--data-checksums", "--auth=scram-sha-256", $"--pwfile={passwordFile}",
            ];
            var initdb =
                user.Run(binaries.Program("initdb"), durable ? arguments : [.. arguments, "--no-sync"]);
            if (initdb.ExitCode != 0) throw Explained(place, initdb.Errors);

            WriteSettings(user, unfinished);
            if (Directory.Exists(place)) Directory.Delete(place); // it is empty
            if (!moves) Directory.Move(unfinished, place);
            else Directory.CreateSymbolicLink(place, unfinished);
            done = true;
        }
        finally
        {
            File.Delete(passwordFile);
            if (!done && Directory.Exists(unfinished)) Directory.Delete(unfinished, recursive: true);
        }
    }

    /// <exception cref="PreparationFailed">These binaries cannot open the directory.</exception>
    public static void Check(PostgresBinaries.Found binaries, string place)
    {
        var versionFile = Path.Combine(place, "PG_VERSION");
        if (!File.Exists(versionFile))
            throw new PreparationFailed(
                $"{place} is neither empty nor a PostgreSQL data directory: move it away.");

        var made = File.ReadAllText(versionFile).Trim();
        if (made != binaries.Major.ToString(CultureInfo.InvariantCulture))
            throw new PreparationFailed(
                $"The data directory {place} was made by PostgreSQL {made}, but PostgreSQL "
                + $"{binaries.Version} was found ({binaries.Source}): install version {made}, or start afresh "
                + "with ./billing reset.");

        if (PostmasterFile.LivingServer(place) is { } process)
            throw new PreparationFailed(
                $"The data directory {place} is in use by a PostgreSQL server that runs already "
                + $"(process {process}): stop that one first.");

        PostmasterFile.RemoveStale(place);
    }

    private static PreparationFailed Explained(string place, string errors)
    {
        var lines =
            errors.Split('\n', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries);
        if (Array.Exists(lines, IsDiskFull))
            return new($"The disk is full: PostgreSQL's data directory {place} needs about 50 MB more.");

        var telling = lines.LastOrDefault(line => line.Contains("FATAL", StringComparison.Ordinal))
            ?? lines.LastOrDefault(line => line.Contains("error:", StringComparison.Ordinal))
            ?? lines.LastOrDefault() ?? "it said nothing";

        return new($"PostgreSQL's data directory {place} cannot be made: {telling.TrimEnd('.')}.");
    }

    private static bool IsDiskFull(string line) =>
        line.Contains("No space left on device", StringComparison.Ordinal)
        || line.Contains("could not extend file", StringComparison.Ordinal);

    private static void WriteSettings(PostgresUser user, string directory)
    {
        var file = Path.Combine(directory, Settings);
        WritePrivate(file, SettingsText + "\n");
        File.AppendAllText(Path.Combine(directory, "postgresql.conf"), $"\ninclude = '{Settings}'\n");
        Give(user, file);
    }

    private static void WritePrivate(string path, string text)
    {
        File.Delete(path);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new FileStream(path, options);
        using var writer = new StreamWriter(file);
        writer.Write(text);
    }

    private static void Give(PostgresUser user, params string[] paths)
    {
        if (user.Owner is not { } owner) return;

        var ids = string.Create(CultureInfo.InvariantCulture, $"{owner.User}:{owner.Group}");
        var given = PostgresTool.Run("chown", [ids, .. paths]);
        if (given.ExitCode != 0)
            throw new PreparationFailed($"chown to {user.Name} failed: {given.Errors.Trim()}");
    }
}
