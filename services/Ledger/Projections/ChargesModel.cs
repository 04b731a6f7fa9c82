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
        var posted = new List<ChargeStanding>(page.Events.Count);
        var moves = new List<(ChargeChange Change, ChargeMoved Moved)>();
        foreach (var happened in page.Events)
            if (happened.Event is ChargePosted charge)
                posted.Add(ChargeStanding.Of(happened, charge));
            else if (happened.Event is ChargeMoved moved)
                moves.Add((ChargeChange.Of(happened)!, moved));

        var connection = batch.Connection!;
        if (posted.Count > 0) await MoveEarly(posted, page, connection, cancellation);
        var found = moves.Count == 0
            ? []
            : await Find([.. moves.Select(move => move.Change.Charge)], posted, connection, cancellation);
        foreach (var (change, _) in moves) found[change.Charge].Move(change);

        List<ChargeStanding> before = [.. found.Values.Where(one => one.Before is not null)];
        ChargeWrites.Add(batch, posted);
        ChargeWrites.Change(batch, before);
        ChargeWrites.Keep(batch, [.. moves.Select(move =>
            new KeptChange(move.Change, found[move.Change.Charge].Posted, move.Moved))]);
        ChargeWrites.Total(batch, ChargeTotals.Of(posted.Concat(before)));
    }

    // What one transaction records is numbered in the order of its streams: a charge can be taken back by an
    // event that is numbered before the charge itself, and so may be of an earlier page.
    private static async Task MoveEarly(
        List<ChargeStanding> posted, EventPage page, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        var early = await ChargeReads.Early(page.Floor, page.Ceiling, connection, cancellation);
        if (early.Count == 0) return;

        var charges = posted.ToDictionary(charge => charge.Now.Charge);
        foreach (var change in early) charges[change.Charge].Move(change);
    }

    /// <summary>Those that the page moves: posted in it, or before it, or yet to come.</summary>
    private static async Task<Dictionary<ChargeId, ChargeStanding>> Find(
        IReadOnlyList<ChargeId> moved, List<ChargeStanding> posted, NpgsqlConnection connection,
        CancellationToken cancellation)
    {
        var wanted = moved.ToHashSet();
        var found = posted.Where(charge => wanted.Contains(charge.Id)).ToDictionary(charge => charge.Id);
        wanted.ExceptWith(found.Keys);
        if (wanted.Count == 0) return found;

        foreach (var charge in await ChargeReads.ByIds([.. wanted], connection, cancellation))
            found.Add(charge.Id, charge);
        return found;
    }
}

/// <summary>A charge while a page is taken in.</summary>
/// <param name="posted">The position of its posting.</param>
/// <param name="before">As the page finds it; null where the page posts it, or a later one will.</param>
internal sealed class ChargeStanding(
    ChargeId id, long posted, ChargeRow? before, ChargeRow? now, ChargePosted? posting = null)
{
    private ChargeRow? _now = now;

    public ChargeId Id => id;

    public long Posted => posted;

    /// <summary>Where the page posts it.</summary>
    public ChargePosted Posting => posting!;

    public ChargeRow? Before => before;

    /// <summary>Not for a charge that is yet to come.</summary>
    public ChargeRow Now => _now!;

    public static ChargeStanding Of(Positioned happened, ChargePosted posted) => new(
        new(happened.Id), happened.Position, null,
        ChargeRow.Of(happened.Position, new(happened.Id), posted), posted);

    public void Move(ChargeChange change)
    {
        if (_now is { } row)
            _now = row.Evolve(change) with { Position = Math.Max(row.Position, change.Position) };
    }
}

/// <summary>A change, with what its row has beside it.</summary>
internal sealed record KeptChange(ChargeChange Change, long Posted, ChargeMoved Moved);
