using System.Globalization;
using System.Security.Cryptography;

namespace Billing.LocalTools;

/// <summary>
/// One PostgreSQL data directory on this machine: UTF-8, sorted by bytes (C), with checksums, durable,
/// reachable by password on 127.0.0.1 only.
/// </summary>
public sealed class LocalPostgres
{
    /// <summary>The superuser of every data directory made here.</summary>
    public const string Administrator = "billing_admin";

    private readonly PostgresBinaries.Found binaries;
    private readonly PostgresUser user;
    private readonly string directory;
    private readonly string password;

    private LocalPostgres(
        PostgresBinaries.Found binaries, PostgresUser user, string directory, string password) =>
        (this.binaries, this.user, this.directory, this.password) = (binaries, user, directory, password);

    /// <summary>
    /// Makes the data directory if it is missing or empty, else checks that these binaries can open it. Safe
    /// against two at once, and against being interrupted: the directory is there completely or not at all.
    /// </summary>
    /// <param name="password">
    /// Of <see cref="Administrator"/>; of no effect on a directory that exists.
    /// </param>
    /// <exception cref="PreparationFailed">
    /// One sentence: another version, in use, not writable, disk full.
    /// </exception>
    public static LocalPostgres Prepare(
        PostgresBinaries.Found binaries, string dataDirectory, string password, Action<string> say) =>
        Prepare(binaries, dataDirectory, password, say, durable: true, PostgresUser.Choose);

    internal static LocalPostgres Prepare(
        PostgresBinaries.Found binaries, string dataDirectory, string password, Action<string> say,
        bool durable, Func<PostgresBinaries.Found, string, bool, PostgresUser.Choice> choose)
    {
        var place = Path.GetFullPath(dataDirectory);
        try
        {
            Directory.CreateDirectory(Path.GetDirectoryName(place)!);
            using var alone = FileLock.Take($"{place}.lock");

            var isNew = !Directory.Exists(place) || !Directory.EnumerateFileSystemEntries(place).Any();
            if (!isNew) PostgresDirectory.Check(binaries, place);

            var chosen = choose(binaries, Real(place), isNew);
            if (isNew)
            {
                say($"PostgreSQL {binaries.Version} ({binaries.Source}) makes its data directory {place} "
                    + $"as {chosen.User.Name}");
                PostgresDirectory.Make(chosen, place, password, durable);
            }

            return new(chosen.Binaries, chosen.User, Real(place), password);
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new PreparationFailed(
                $"PostgreSQL's data directory {place} cannot be written: {refused.Message.TrimEnd('.')}.",
                refused);
        }
    }

    /// <summary>
    /// Removes a data directory, wherever it really lies. The server on it must have stopped.
    /// </summary>
    public static void Delete(string dataDirectory)
    {
        var place = new DirectoryInfo(Path.GetFullPath(dataDirectory));
        if (place.LinkTarget is { } real && Directory.Exists(real)) Directory.Delete(real, recursive: true);
        if (place.LinkTarget is not null) File.Delete(place.FullName);
        else if (place.Exists) place.Delete(recursive: true);
        File.Delete($"{place.FullName}.lock");
    }

    /// <summary>
    /// What to start for a server on that port, in the foreground. SIGTERM shuts it down fast (clients are
    /// sent away, what was committed is kept); Ctrl-C is left to whoever started it; when it is killed
    /// outright, the server shuts down by itself.
    /// </summary>
    public (string Command, string[] Arguments) StartCommand(int port) =>
        ("/bin/sh", ShellArguments(port, []));

    /// <summary>
    /// Starts the server and waits until it answers. It stops when it is disposed or this process ends.
    /// </summary>
    /// <exception cref="PreparationFailed">It ended instead; with the last line of what it said.</exception>
    public Task<RunningPostgres> Start(int port, CancellationToken cancellation) =>
        RunningPostgres.Start(
            ShellArguments(port, []), directory, port, password, throwaway: null, cancellation);

    /// <summary>
    /// A server with an empty data directory in the temporary folder, for tests: quick rather than durable,
    /// on a free port; it stops, and its data goes, when it is disposed or this process ends in whatever way.
    /// </summary>
    public static async Task<RunningPostgres> Throwaway(
        PostgresBinaries.Found binaries, CancellationToken cancellation)
    {
        var folder = Directory.CreateTempSubdirectory("billing-postgres-").FullName;
        // Others may enter, because PostgreSQL may have to run as another user; the data directory itself is
        // private.
        if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(folder, (UnixFileMode)0b111_101_101);
        var password = RandomNumberGenerator.GetHexString(32);
        var postgres = Prepare(
            binaries, Path.Combine(folder, "data"), password, _ => { }, durable: false, PostgresUser.Choose);
        var port = FreePort.Find();

        return await RunningPostgres.Start(
            postgres.ShellArguments(port, ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]),
            postgres.directory, port, password, folder, cancellation);
    }

    private static string Real(string place) =>
        Directory.Exists(place)
            ? Directory.ResolveLinkTarget(place, returnFinalTarget: true)?.FullName ?? place
            : place;

    private string[] ShellArguments(int port, string[] settings) =>
    [
        "-c", PostgresShell.Script, "billing-postgres",
        .. user.Guarded, binaries.Program("postgres"), "-D", directory,
        "-c", string.Create(CultureInfo.InvariantCulture, $"port={port}"),
        "-c", "listen_addresses=127.0.0.1", "-c", "unix_socket_directories=",
        .. settings.SelectMany(setting => (string[])["-c", setting]),
    ];
}
