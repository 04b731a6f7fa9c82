using System.Globalization;

namespace Billing.LocalTools;

/// <summary>Whom PostgreSQL runs as. It refuses root, which is who runs in many containers.</summary>
/// <param name="Prefix">The words before a command that this user is to run.</param>
/// <param name="Guarded">
/// The same for the server: deaf to the terminal's Ctrl-C, not outliving its shell.
/// </param>
/// <param name="Owner">Who must own the files, or null when they stay with whoever runs this.</param>
internal sealed record PostgresUser(
    string Name, string[] Prefix, string[] Guarded, (int User, int Group)? Owner)
{
    private static readonly string[] Namespace = ["unshare", "-U", "--map-user=1000", "--map-group=1000"];

    // Where programs and data go when only another user can run PostgreSQL, and cannot enter the folders
    // asked for.
    internal const string Elsewhere = "/var/lib/billing";

    /// <param name="Binaries">The same programs, where the user can reach them.</param>
    /// <param name="MovesData">True when the user cannot enter the folder that was asked for.</param>
    internal sealed record Choice(PostgresUser User, PostgresBinaries.Found Binaries, bool MovesData);

    /// <summary>
    /// The first of these that can reach programs and data: this user, unless it is root; a user namespace in
    /// which root is somebody else (files stay root's); the users "postgres" and "nobody".
    /// </summary>
    /// <param name="place">The data directory.</param>
    public static Choice Choose(PostgresBinaries.Found binaries, string place, bool isNew) =>
        Environment.IsPrivilegedProcess
            ? Choose(binaries, place, isNew, [.. Candidates()])
            : new(new(Environment.UserName, [], Guard([]), Owner: null), binaries, MovesData: false);

    internal static Choice Choose(
        PostgresBinaries.Found binaries, string place, bool isNew, IReadOnlyList<PostgresUser> candidates)
    {
        var working = candidates.Where(user => user.Can("true")).ToList();
        if (working.Count > 0 && !working.Exists(user => user.CanRun(binaries))) binaries = Moved(binaries);

        var able = working.Where(user => user.CanRun(binaries)).ToList();
        if (able.Find(user => user.CanUse(place, isNew)) is { } fit)
            return new(fit, binaries, MovesData: false);
        if (isNew && able.Find(user => user.Owner is not null) is { } other)
            return new(other, binaries, true);

        throw new PreparationFailed(able.Count > 0
            ? $"{place} belongs to a user that PostgreSQL cannot run as here: start as that user."
            : "PostgreSQL refuses to run as root, and this machine allows neither user namespaces (unshare) "
                + $"nor another user (setpriv) that can run {binaries.Program("postgres")}: "
                + "run this as an ordinary user.");
    }

    internal static IEnumerable<PostgresUser> Candidates()
    {
        yield return new("root in a user namespace", Namespace, Guard(Namespace), Owner: null);

        foreach (var name in (string[])["postgres", "nobody"])
        {
            if (Ids(name) is not { } ids) continue;

            string[] become =
            [
                "setpriv", string.Create(CultureInfo.InvariantCulture, $"--reuid={ids.User}"),
                string.Create(CultureInfo.InvariantCulture, $"--regid={ids.Group}"), "--clear-groups",
            ];
            yield return new($"user {name}", become, Guard(become), ids);
        }
    }

    public PostgresTool.Answer Run(string program, params IEnumerable<string> arguments)
    {
        string[] words = [.. Prefix, program, .. arguments];

        return PostgresTool.Run(words[0], words[1..]);
    }

    // Its own session, so that a terminal's Ctrl-C reaches only whoever is to stop it in order; and when the
    // shell around it is killed outright, it shuts down fast instead of living on alone.
    private static string[] Guard(string[] prefix)
    {
        string[] dies = ["setpriv", "--pdeathsig", "INT"];

        return PostgresTool.Run("setsid", [.. dies, "true"]).ExitCode == 0
            ? ["setsid", .. prefix, .. dies]
            : prefix;
    }

    private static (int User, int Group)? Ids(string name)
    {
        if (!File.Exists("/etc/passwd")) return null;

        var users = File.ReadLines("/etc/passwd").Select(line => line.Split(':'));
        var fields = users.FirstOrDefault(user => user[0] == name);

        return fields is null ? null : (Number(fields[2]), Number(fields[3]));

        static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
    }

    // In a namespace files stay root's; another user is given the new data directory, and only has to get
    // there.
    private bool CanUse(string place, bool isNew) => (isNew, Owner) switch
    {
        (false, _) => Can("test", "-w", place),
        (true, null) => Can("test", "-w", Path.GetDirectoryName(place)!),
        (true, _) => Can("test", "-x", Path.GetDirectoryName(place)!),
    };

    private bool CanRun(PostgresBinaries.Found binaries) => Can("test", "-x", binaries.Program("postgres"));

    private bool Can(string program, params string[] arguments) => Run(program, arguments).ExitCode == 0;

    // PostgreSQL finds its libraries beside its programs, so bin, lib and share move together.
    private static PostgresBinaries.Found Moved(PostgresBinaries.Found binaries)
    {
        var from = Path.GetDirectoryName(binaries.BinDirectory)!;
        var to = Path.Combine(Elsewhere, $"postgresql-{binaries.Version}");
        if (!Directory.Exists(to))
        {
            var unfinished = $"{to}.{Guid.NewGuid():N}";
            Directory.CreateDirectory(Elsewhere);
            var copied = PostgresTool.Run("cp", ["-a", from, unfinished]);
            if (copied.ExitCode != 0)
                throw new PreparationFailed($"Copying {from} to {to} failed: {copied.Errors.Trim()}");

            Directory.Move(unfinished, to);
        }

        return binaries with { BinDirectory = Path.Combine(to, Path.GetFileName(binaries.BinDirectory)) };
    }
}
