using System.Runtime.InteropServices;

namespace Billing.Cli.Install;

/// <summary>Debian's packages, where this user may install them.</summary>
internal static partial class Apt
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);
    private static readonly Dictionary<string, string?> Unattended = new() { ["DEBIAN_FRONTEND"] = "noninteractive" };

    public static bool MayInstall => !OperatingSystem.IsWindows() && EffectiveUser() == 0 && Programs.Find("apt-get") is not null;

    /// <summary>Installs and says so; false with the reason when that did not work.</summary>
    public static async Task<(bool Installed, string Why)> Install(
        Terminal terminal, IReadOnlyList<string> packages, CancellationToken cancellation)
    {
        var names = string.Join(' ', packages);
        var failed = "";
        await terminal.Step($"apt-get install {names} (as root)", async report =>
        {
            // Most images carry no package lists, so the first try often only finds that out.
            var outcome = await Get(["install", .. packages]);
            if (outcome.Succeeded) return;

            report("updating package lists");
            _ = await Get(["update"]);
            report("installing");
            outcome = await Get(["install", .. packages]);
            if (!outcome.Succeeded)
                failed = outcome.TimedOut ? $"no answer in {Terminal.Seconds(Patience)}" : outcome.Tail(2);
        });

        return (failed.Length == 0, failed);

        Task<Outcome> Get(string[] arguments) => Programs.Run(
            new Call(
                "apt-get",
                ["-y", "-q", "--no-install-recommends", "-o", "DPkg::Lock::Timeout=120", .. arguments])
            {
                Environment = Unattended,
                Timeout = Patience,
            },
            cancellation);
    }

    [LibraryImport("libc", EntryPoint = "geteuid")]
    private static partial uint EffectiveUser();
}
