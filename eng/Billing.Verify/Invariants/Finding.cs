namespace Billing.Verify.Invariants;

/// <summary>What became of one invariant.</summary>
/// <param name="Name">As design and documents call it: I2.</param>
/// <param name="What">What must hold, in a sentence.</param>
/// <param name="Seen">What was looked at, with numbers.</param>
/// <param name="FirstBreach">The first event that breaks it, and how; null: it holds.</param>
internal sealed record Finding(string Name, string What, string Seen, string? FirstBreach = null, int Breaches = 0)
{
    public bool Holds => FirstBreach is null;

    public static Finding Of(string name, string what, string seen, IReadOnlyList<string> breaches) =>
        new(name, what, seen, breaches is [var first, ..] ? first : null, breaches.Count);

    public override string ToString() => Holds
        ? $"{Name,-3} holds   {What}: {Seen}"
        : $"{Name,-3} BROKEN  {What}: {Breaches} breach{(Breaches == 1 ? "" : "es")}, the first: {FirstBreach}";
}
