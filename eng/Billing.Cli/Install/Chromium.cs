namespace Billing.Cli.Install;

/// <summary>The browser that page tests drive. Without one they are skipped and say so.</summary>
internal static class Chromium
{
    private static readonly string[] Names = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

    public static string? Find() => Names.Select(Programs.Find).FirstOrDefault(path => path is not null);

    public static async Task Try(Terminal terminal, CancellationToken cancellation)
    {
        if (Find() is not null) return;

        if (!Apt.MayInstall)
        {
            terminal.Line("No Chromium: page tests are skipped (Debian: sudo apt-get install chromium).");

            return;
        }

        var (installed, why) = await Apt.Install(terminal, ["chromium"], cancellation);
        if (!installed || Find() is null)
            terminal.Line($"No Chromium: page tests are skipped (apt-get could not install it: {why}).");
    }
}
