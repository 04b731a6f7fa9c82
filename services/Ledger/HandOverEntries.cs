using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.Database;
using Billing.ServiceDefaults.UsagePath;
using Marten;
using Marten.Services;
using Npgsql;

namespace Billing.Ledger;

/// <summary>
/// Gives entries that have just got their numbers to the relay, so that it does not read them again. Where
/// somebody else has numbered more of a lane meanwhile, the relay reads that lane from the store.
/// </summary>
public sealed class HandOverEntries(IRelay relay, ServiceDatabase database)
{
    private const string Ends =
        """
        select lane, last_number, last_fact, fact_before from sent_lanes where topic = $1 and lane = any ($2)
        """;

    /// <param name="facts">In the order in which they are numbered.</param>
    public IChangeListener After(IReadOnlyList<OutgoingFact> facts) => new Commit(this, facts);

    private async Task HandOver(IReadOnlyList<OutgoingFact> facts, CancellationToken cancellation)
    {
        var lanes = facts.ToLookup(fact => fact.Lane);
        await using var command = database.Writer.CreateCommand(Ends);
        command.Parameters.Add(new() { Value = Topics.Entries });
        command.Parameters.Add(new() { Value = lanes.Select(lane => lane.Key).ToArray() });
        await using var rows = await command.ExecuteReaderAsync(cancellation);
        var numbered = new List<NumberedFact>(facts.Count);
        while (await rows.ReadAsync(cancellation))
        {
            OutgoingFact[] ofLane = [.. lanes[rows.GetInt32(0)]];
            if (rows.IsDBNull(2) || rows.GetGuid(2) != ofLane[^1].Id.Value) continue;

            var number = rows.GetInt64(1) - ofLane.Length;
            FactId? previous = rows.IsDBNull(3) ? null : new FactId(rows.GetGuid(3));
            foreach (var fact in ofLane)
            {
                numbered.Add(new(fact, ++number, previous));
                previous = fact.Id;
            }
        }

        relay.HandOver(numbered);
    }

    private sealed class Commit(HandOverEntries to, IReadOnlyList<OutgoingFact> facts) : IChangeListener
    {
        public Task BeforeCommitAsync(
            IDocumentSession session, IChangeSet commit, CancellationToken token) => Task.CompletedTask;

        public async Task AfterCommitAsync(
            IDocumentSession session, IChangeSet commit, CancellationToken token)
        {
            try
            {
                await to.HandOver(facts, token);
            }
            catch (Exception lost) when (lost is NpgsqlException or OperationCanceledException)
            {
                // They are committed and numbered; the relay finds them in the store.
            }
        }
    }
}
