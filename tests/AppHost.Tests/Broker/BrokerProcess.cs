using System.Diagnostics;
using System.Runtime.InteropServices;
using Billing.LocalTools;
using Billing.Testbed;

namespace Billing.AppHost.Tests.Broker;

/// <summary>Billing.Broker as its own process, as the AppHost starts it.</summary>
internal sealed class BrokerProcess : IAsyncDisposable
{
    private static readonly TimeSpan patience = Eventually.Patience;
    private readonly Process process;

    private BrokerProcess(Process process, string address) => (this.process, Address) = (process, address);

    public string Address { get; }

    public static string Executable => Path.Combine(
        Checkout.Root, "eng", "Billing.Broker", "bin", Configuration, "net10.0", "Billing.Broker");

    private static string Configuration =>
        new DirectoryInfo(AppContext.BaseDirectory).Parent!.Name; // …/bin/Debug/net10.0/

    public static async Task<BrokerProcess> Start(string addressFile)
    {
        var process = Run("--address-file", addressFile);
        var waiting = Stopwatch.StartNew();
        while (!File.Exists(addressFile))
        {
            process.HasExited.ShouldBeFalse("the broker ended at once");
            waiting.Elapsed.ShouldBeLessThan(patience, "the broker writes no address");
            await Task.Delay(20);
        }

        return new BrokerProcess(process, (await File.ReadAllTextAsync(addressFile)).Trim());
    }

    public static Process Run(params string[] arguments) => Process.Start(
        new ProcessStartInfo(Executable, arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;

    /// <summary>SIGTERM; the exit code.</summary>
    public async Task<int> Stop()
    {
        Signal(process.Id, 15).ShouldBe(0);
        using var waiting = new CancellationTokenSource(patience);
        await process.WaitForExitAsync(waiting.Token);
        return process.ExitCode;
    }

    public async ValueTask DisposeAsync()
    {
        if (!process.HasExited)
        {
            process.Kill();
            await process.WaitForExitAsync();
        }

        process.Dispose();
    }

    [DllImport("libc", EntryPoint = "kill")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Signal(int process, int signal);
}
