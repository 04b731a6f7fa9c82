namespace Billing.Cli.Checks;

internal enum State
{
    Ok,

    /// <summary>Works, and is worth knowing.</summary>
    Note,

    /// <summary>The system or its tests would not run.</summary>
    Wrong,
}

/// <summary>One line of the doctor's report.</summary>
/// <param name="Remedy">What a person can do about it, or null.</param>
/// <param name="Fix">What <c>doctor --fix</c> does about it, or null.</param>
internal sealed record Finding(
    string Name, State State, string Detail, string? Remedy = null, Func<Terminal, CancellationToken, Task>? Fix = null)
{
    public override string ToString()
    {
        var state = State switch { State.Ok => "ok   ", State.Note => "note ", _ => "wrong" };

        return $"{state}  {Name,-14}  {Detail}{(Remedy is null ? "" : $" -> {Remedy}")}";
    }
}
