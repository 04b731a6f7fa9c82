namespace Billing.Cli;

/// <summary>What stops a verb, in one sentence that names the cause and the way out. Shown without a stack trace.</summary>
internal sealed class CannotGoOn(string sentence, int exitCode = 1) : Exception(sentence)
{
    public int ExitCode { get; } = exitCode;
}
