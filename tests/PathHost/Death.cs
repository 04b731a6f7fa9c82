using System.Diagnostics;
using Billing.ServiceDefaults.UsagePath;

namespace Billing.PathHost;

/// <summary>
/// Ends the process by SIGKILL when a step is reached for the n-th time: <c>PATH_HOST_DIES_AT</c> names the
/// step, <c>PATH_HOST_DIES_PASS</c> the pass (1), <c>PATH_HOST_DIES_TOPIC</c> the topic (any).
/// </summary>
public sealed class Death(Step at, int pass, string? of) : IStepWatch
{
    public const string StepVariable = "PATH_HOST_DIES_AT";
    public const string PassVariable = "PATH_HOST_DIES_PASS";
    public const string TopicVariable = "PATH_HOST_DIES_TOPIC";

    private readonly Step _step = at;
    private readonly string? _topic = of;
    private int _passes;

    public static Death? FromEnvironment() =>
        Environment.GetEnvironmentVariable(StepVariable) is { Length: > 0 } step
            ? new(
                Enum.Parse<Step>(step), int.Parse(
                    Environment.GetEnvironmentVariable(PassVariable) ?? "1",
                    System.Globalization.CultureInfo.InvariantCulture),
                Environment.GetEnvironmentVariable(TopicVariable))
            : null;

    public void Reached(Step step, string topic)
    {
        if (step != _step || (_topic is not null && _topic != topic)) return;
        if (Interlocked.Increment(ref _passes) != pass) return;

        Process.GetCurrentProcess().Kill();
        // Nothing after this step happens, even if the signal takes its time.
        Thread.Sleep(Timeout.Infinite);
    }
}
