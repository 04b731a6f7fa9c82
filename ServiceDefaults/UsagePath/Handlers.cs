namespace Billing.ServiceDefaults.UsagePath;

/// <summary>What a service does with the facts of one numbered topic.</summary>
public interface IFactHandler
{
    /// <summary>One of <see cref="Contracts.Topics"/>.</summary>
    string Topic { get; }

    /// <summary>
    /// The business key (event, charge, invoice, payment, subscription) whose order matters: while one
    /// fact of a key is parked, later ones of that key are parked behind it.
    /// </summary>
    /// <exception cref="System.Text.Json.JsonException">The fact cannot be read, and is parked.</exception>
    string KeyOf(Fact fact);

    /// <summary>
    /// What can be made of a fact without the database, while the batch before it is still at work; comes
    /// back as <see cref="Fact.Reading"/>. Where it throws, there is none.
    /// </summary>
    object? Read(Fact fact) => null;

    /// <summary>
    /// All effects of a batch, in the order given, within <see cref="FactBatch.Transaction"/>; the caller
    /// commits. What is refused for a reason of business is parked or kept by the handler. If it throws, the
    /// batch is tried again: as a whole after trouble that may pass, else in halves until the culprit is
    /// found and parked.
    /// </summary>
    Task Apply(FactBatch batch, CancellationToken cancellation);
}

/// <summary>What a service does with the messages of one raw topic.</summary>
public interface IRawHandler
{
    /// <summary>One of <see cref="Contracts.Topics"/>.</summary>
    string Topic { get; }

    /// <summary>
    /// What can be made of a message without the database, while the batch before it is still at work; comes
    /// back as <see cref="RawMessage.Reading"/>. Where it throws, there is none.
    /// </summary>
    object? Read(RawMessage message) => null;

    /// <summary>As <see cref="IFactHandler.Apply"/>; the same message may come again.</summary>
    Task Apply(RawBatch batch, CancellationToken cancellation);
}

/// <summary>
/// Facts of one topic, each lane's in the order of their numbers, taken in one transaction.
/// </summary>
public sealed record FactBatch(IReadOnlyList<Fact> Facts, BatchTransaction Transaction, DateTimeOffset Now)
{
    private readonly List<(Fact Fact, string Reason)> _parked = [];

    internal IReadOnlyList<(Fact Fact, string Reason)> Parked => _parked;

    /// <summary>The fact is taken and kept aside, for a person.</summary>
    /// <param name="reason">A sentence that says what is wrong, without personal data.</param>
    public void Park(Fact fact, string reason) => _parked.Add((fact, reason));
}

/// <summary>Messages of one raw topic, each partition's in order.</summary>
public sealed record RawBatch(
    IReadOnlyList<RawMessage> Messages, BatchTransaction Transaction, DateTimeOffset Now);
