using System.CommandLine;
using System.Diagnostics;
using System.Globalization;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>Forgets everything the local stack has stored, so that the next one starts empty.</summary>
internal static class Reset
{
    // The choice of packages is about building, not about data.
    private static readonly string[] Kept = ["packages.props"];
    private static readonly TimeSpan PatienceWithPostgres = TimeSpan.FromSeconds(20);

    public static Command Create()
    {
        var yes = new Option<bool>("--yes", "-y") { Description = "Do not ask." };

        var verb = new Verb(
            "reset",
            "Removes the local data: databases, broker, keys, logs. The choice of packages is kept.",
            "./billing reset          shows what goes, and asks",
            "./billing reset --yes    asks nothing, for scripts")
        {
            yes,
        };
        verb.SetAction(parsed => Remove(
            Checkout.Data,
            parsed.GetValue(yes),
            Console.IsInputRedirected ? null : Console.In,
            parsed.InvocationConfiguration.Output));

        return verb;
    }

    /// <param name="answers">Where a person answers, or null where nobody can.</param>
    internal static int Remove(string data, bool sure, TextReader? answers, TextWriter output)
    {
        RefuseForeignFolder(data);
        if (!Directory.Exists(data) || Content(data) is [])
        {
            output.WriteLine($"Nothing to reset: {data} holds no data.");

            return 0;
        }

        using var alone = RunningStack.KeepOut(data);
        WaitForPostgres(data);
        var content = Content(data);
        if (!sure)
        {
            output.WriteLine($"This removes from {data}: {string.Join(", ", content.Select(Path.GetFileName))}.");
            if (answers is null)
                throw new CannotGoOn("nobody is here to confirm: say ./billing reset --yes.");

            output.Write("Type yes to go on: ");
            if (answers.ReadLine()?.Trim() is not "yes")
                throw new CannotGoOn("nothing was removed.");
        }

        foreach (var entry in content)
            Delete(entry);
        output.WriteLine($"Removed {string.Join(", ", content.Select(Path.GetFileName))} from {data}.");

        return 0;
    }

    /// <summary>After a stack was killed, its server needs a moment to notice and stop.</summary>
    private static void WaitForPostgres(string data)
    {
        var waited = Stopwatch.StartNew();
        while (Directory.EnumerateDirectories(data).FirstOrDefault(HasServer) is { } folder)
        {
            if (waited.Elapsed > PatienceWithPostgres)
                throw new CannotGoOn($"a PostgreSQL server is still running on {folder}: stop it first.");

            Thread.Sleep(TimeSpan.FromMilliseconds(100));
        }
    }

    private static bool HasServer(string folder)
    {
        var note = Path.Combine(folder, "postmaster.pid");
        if (!File.Exists(note)) return false;

        try
        {
            using var server = Process.GetProcessById(
                int.Parse(File.ReadLines(note).First(), CultureInfo.InvariantCulture));

            return server.ProcessName == "postgres";
        }
        catch (Exception gone) when (gone is ArgumentException or InvalidOperationException or FormatException or IOException)
        {
            return false;
        }
    }

    private static List<string> Content(string data) =>
    [
        .. Directory.EnumerateFileSystemEntries(data)
            .Where(entry => !Kept.Contains(Path.GetFileName(entry)) && !RunningStack.IsLock(entry))
            .Order(StringComparer.Ordinal),
    ];

    /// <summary>BILLING_DATA may be mistaken for a folder that holds more than our data.</summary>
    private static void RefuseForeignFolder(string data)
    {
        var home = Environment.GetFolderPath(Environment.SpecialFolder.UserProfile);
        var inWay = new[] { Checkout.Root, home, Directory.GetCurrentDirectory() }.FirstOrDefault(Holds);
        if (inWay is not null || Directory.Exists(Path.Combine(data, ".git")))
            throw new CannotGoOn($"BILLING_DATA is {data}, which holds more than data: nothing was removed.");

        bool Holds(string folder) =>
            (Path.GetFullPath(folder) + Path.DirectorySeparatorChar).StartsWith(
                data.TrimEnd(Path.DirectorySeparatorChar) + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    private static void Delete(string entry)
    {
        try
        {
            if (File.Exists(Path.Combine(entry, "PG_VERSION")))
            {
                LocalPostgres.Delete(entry); // which knows where the data really lies
            }
            else if (new DirectoryInfo(entry).LinkTarget is not null)
            {
                File.Delete(entry); // the link, not what somebody keeps behind it
            }
            else if (Directory.Exists(entry))
            {
                Directory.Delete(entry, recursive: true);
            }
            else
            {
                File.Delete(entry);
            }
        }
        catch (Exception refused) when (refused is IOException or UnauthorizedAccessException)
        {
            throw new CannotGoOn($"{entry} cannot be removed: {refused.Message}");
        }
    }
}
