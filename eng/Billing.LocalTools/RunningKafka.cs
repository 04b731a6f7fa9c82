using System.Diagnostics;

namespace Billing.LocalTools;

/// <summary>A broker that this process has started and will stop.</summary>
public sealed class RunningKafka : IAsyncDisposable
{
    private static readonly TimeSpan pause = TimeSpan.FromMilliseconds(100);

    private readonly ChildProcess process;

    private RunningKafka(ChildProcess process, string bootstrapServers) =>
        (this.process, BootstrapServers) = (process, bootstrapServers);

    /// <summary>What clients connect to.</summary>
    public string BootstrapServers { get; }

    public int ProcessId => process.Id;

    internal static async Task<RunningKafka> Start(
        string command, string[] arguments, string bootstrapServers, CancellationToken cancellation) => new(
        await ChildProcess.Start(
            new ProcessStartInfo(command, arguments), () => KafkaProbe.Ask(bootstrapServers, cancellation),
            pause, Failed, cancellation),
        bootstrapServers);

    /// <summary>Stops the broker cleanly; kills it when it does not end in time.</summary>
    public ValueTask DisposeAsync() => process.DisposeAsync();

    private static PreparationFailed Failed(string how, IReadOnlyList<string> said) => new(
        $"Kafka {how}. It said: {(said.Count == 0 ? "nothing." : string.Join(" | ", said))}");
}
