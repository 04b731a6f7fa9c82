using Billing.Contracts.Values;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>Charges as they stand, what has moved them, and the sums of both.</summary>
public sealed class ChargesModel : IReadModel
{
    public string Name => "charges";

    public IReadOnlyList<string> Tables { get; } = ["charges", "charge_changes", "charge_totals"];

    public bool Knows(Type happened) => ReadModels.Known.Contains(happened);

    public async Task AddTo(NpgsqlBatch batch, EventPage page, CancellationToken cancellation)
    {
        var taken = await Take(page, batch.Connection!, cancellation);
        PostedCharges.Add(batch, taken.Posted);
        ChargeWrites.Change(batch, taken.Moved);
        ChargeWrites.Keep(batch, taken.Changes);
        ChargeWrites.Total(batch, ChargeTotals.Of(taken.Posted, taken.Moved));
    }

    /// <summary>What a page changes, to be written in the same transaction.</summary>
    internal static async Task<TakenCharges> Take(
        EventPage page, NpgsqlConnection connection, CancellationToken cancellation)
    {
        var posted = new List<PostedCharge>(page.Events.Count);
        var moves = new List<(ChargeChange Change, ChargeMoved Moved)>();
        foreach (var happened in page.Events)
            if (happened.Event is ChargePosted charge)
                posted.Add(new(happened, charge));
            else if (happened.Event is ChargeMoved move)
                moves.Add((ChargeChange.Of(happened)!, move));

        // What one transaction records is numbered in the order of its streams: a charge can be taken back by
        // an event that is numbered before the charge itself, and so may be of an earlier page.
        var early = posted.Count == 0
            ? []
            : await ChargeReads.Early(page.Floor, page.Ceiling, connection, cancellation);
        List<ChargeChange> changes = [.. early, .. moves.Select(move => move.Change)];
        var found = await Find(changes, posted, connection, cancellation);
        foreach (var change in changes) found[change.Charge].Move(change);

        return new(
            posted, [.. found.Values.Where(one => one.Before is not null)],
            [.. moves.Select(move =>
                new KeptChange(move.Change, found[move.Change.Charge].Posted, move.Moved))]);
    }

    /// <summary>Those that the page moves: posted in it, or before it, or yet to come.</summary>
    private static async Task<Dictionary<ChargeId, ChargeStanding>> Find(
        List<ChargeChange> changes, List<PostedCharge> posted, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        var found = new Dictionary<ChargeId, ChargeStanding>();
        var wanted = changes.Select(change => change.Charge).ToHashSet();
        if (wanted.Count == 0) return found;

        foreach (var charge in posted.Where(charge => wanted.Remove(charge.Id)))
            found.Add(charge.Id, ChargeStanding.Of(charge));
        if (wanted.Count == 0) return found;

        foreach (var charge in await ChargeReads.ByIds([.. wanted], connection, cancellation))
            found.Add(charge.Id, charge);
        return found;
    }
}

/// <summary>Of a page: what is posted, how those stand that it moves, and what moved them.</summary>
internal sealed record TakenCharges(
    IReadOnlyList<PostedCharge> Posted, IReadOnlyList<ChargeStanding> Moved,
    IReadOnlyList<KeptChange> Changes);

/// <summary>A charge that a page moves.</summary>
/// <param name="posted">The position of its posting.</param>
/// <param name="before">As it was posted, or as the page finds it; null where a later page posts it.</param>
internal sealed class ChargeStanding(ChargeId id, long posted, ChargeRow? before)
{
    private ChargeRow? _now = before;

    public ChargeId Id => id;

    public long Posted => posted;

    public ChargeRow? Before { get; } = before;

    /// <summary>Not for a charge that is yet to come.</summary>
    public ChargeRow Now => _now!;

    public static ChargeStanding Of(PostedCharge charge) => new(
        charge.Id, charge.Position, ChargeRow.Of(charge.Position, charge.Id, charge.Posting));

    public void Move(ChargeChange change)
    {
        if (_now is { } row)
            _now = row.Evolve(change) with { Position = Math.Max(row.Position, change.Position) };
    }
}

/// <summary>A change, with what its row has beside it.</summary>
internal sealed record KeptChange(ChargeChange Change, long Posted, ChargeMoved Moved);
