using Npgsql;

namespace Billing.ServiceDefaults.UsagePath;

/// <summary>
/// Gives outgoing facts their numbers, in the transaction that stores their cause (docs/adr/0005), and tells
/// the relay of them when that has committed.
/// </summary>
public sealed class SendFacts(IRelay relay, IEnumerable<IStepWatch> watches)
{
    private readonly IStepWatch[] _watches = [.. watches];

    /// <summary>The last statement before the commit. In the order of <paramref name="facts"/>.</summary>
    public async Task<IReadOnlyList<NumberedFact>> Number(
        NpgsqlConnection connection, IReadOnlyList<OutgoingFact> facts, CancellationToken cancellation)
    {
        if (facts.Count == 0) return [];

        await using var batch = new NpgsqlBatch(connection);
        var numbered = await Number(batch, facts, cancellation);
        foreach (var watch in _watches) watch.Reached(Step.FactsNumbered, facts[0].Topic);
        return numbered;
    }

    /// <summary>
    /// The same with the transaction's last statements before it and the commit behind it, in one round
    /// trip. Where somebody watches the steps there are more, as there is nothing to be seen between them
    /// otherwise.
    /// </summary>
    /// <exception cref="PostgresException">
    /// Nothing is committed; as well if an earlier statement failed and that was not thrown on.
    /// </exception>
    internal async Task<IReadOnlyList<NumberedFact>> NumberAndCommit(
        BatchTransaction transaction, CancellationToken cancellation)
    {
        var facts = transaction.Facts;
        if (_watches.Length == 0 && transaction.NotBegun is { } idle)
            return await NumberAtOnce(idle, transaction, cancellation);

        var connection = transaction.Connection;
        IReadOnlyList<NumberedFact> numbered = [];
        if (_watches.Length > 0)
        {
            await transaction.WriteNow(cancellation);
            numbered = await Number(connection, facts, cancellation);
        }

        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in transaction.Last) batch.BatchCommands.Add(command);
        if (_watches.Length == 0 && facts.Count > 0)
        {
            batch.BatchCommands.Add(new("commit"));
            return await Number(batch, facts, cancellation, transaction.Last.Count);
        }

        // A commit alone would answer to a failed transaction that it was rolled back, and that is no error.
        batch.BatchCommands.Add(new("select"));
        batch.BatchCommands.Add(new("commit"));
        await batch.ExecuteNonQueryAsync(cancellation);
        return numbered;
    }

    /// <summary>Nobody has begun a transaction: one message is one.</summary>
    private static async Task<IReadOnlyList<NumberedFact>> NumberAtOnce(
        NpgsqlConnection connection, BatchTransaction transaction, CancellationToken cancellation)
    {
        await using var batch = new NpgsqlBatch(connection);
        foreach (var command in transaction.Last) batch.BatchCommands.Add(command);
        if (transaction.Facts.Count > 0)
            return await Number(batch, transaction.Facts, cancellation, transaction.Last.Count);

        if (transaction.Last.Count > 0) await batch.ExecuteNonQueryAsync(cancellation);
        return [];
    }

    /// <summary>After the commit.</summary>
    public void HandOver(IReadOnlyList<NumberedFact> facts)
    {
        if (facts.Count == 0) return;

        foreach (var watch in _watches) watch.Reached(Step.Committed, facts[0].Fact.Topic);
        relay.HandOver(facts);
    }

    /// <summary>Behind the first <paramref name="at"/> statements of the batch.</summary>
    private static async Task<NumberedFact[]> Number(
        NpgsqlBatch batch, IReadOnlyList<OutgoingFact> facts, CancellationToken cancellation, int at = 0)
    {
        var topics = TopicNumbers.Of(facts);
        for (var place = 0; place < topics.Count; place++)
            batch.BatchCommands.Insert(at + place, topics[place].Command());

        var numbered = new NumberedFact[facts.Count];
        await batch.PrepareAsync(cancellation);
        await using var rows = await batch.ExecuteReaderAsync(cancellation);
        foreach (var topic in topics)
        {
            // Statements before may have answered as well; a statement without rows is passed over anyway.
            while (!TopicNumbers.IsAnswer(rows)) await rows.NextResultAsync(cancellation);
            await topic.Read(rows, numbered, cancellation);
            await rows.NextResultAsync(cancellation);
        }

        // Whatever fails behind, the commit in particular, is thrown by reading to the end.
        while (await rows.NextResultAsync(cancellation)) { }
        return numbered;
    }
}

/// <summary>
/// Where committed facts go on to the broker. Forgetting one costs a moment: the store has it.
/// </summary>
public interface IRelay
{
    /// <summary>Does not block and does not fail; what finds no room is read from the store later.</summary>
    void HandOver(IReadOnlyList<NumberedFact> facts);
}
