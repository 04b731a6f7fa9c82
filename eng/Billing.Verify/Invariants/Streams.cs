using System.Globalization;
using System.Text.Json;
using Billing.LocalTools;
using Billing.Verify.Reading;

namespace Billing.Verify.Invariants;

/// <summary>
/// I5: versions have no gap and no event ever changes. Nobody who runs may change one; and each verification leaves a
/// digest of all events in the data folder, which the next one makes again of the same events.
/// </summary>
internal static class Streams
{
    private sealed record Digest(long Position, long Events, string Sum);

    public static async Task<Finding> Check(Stores stores, Evidence evidence, CancellationToken cancellation)
    {
        var breaches = await stores.Rows(
            Stores.Ledger, "select stream_id, what from ledger_broken_streams() limit 100",
            row => $"stream {row.GetString(0)} {row.GetString(1)}", cancellation);
        breaches.AddRange(await stores.Rows(
            Stores.Ledger, "select * from ledger_roles_that_may_change_events()",
            row => $"role {row.GetString(0)} may change events", cancellation));
        breaches.AddRange(Numbers(evidence.Entries));

        var before = Remembered(stores);
        if (before is not null && await Make(stores, before.Position, cancellation) is var again && again != before)
            breaches.Add(
                $"events up to position {before.Position} have changed since they were verified: {before.Events} events "
                + $"then, {again.Events} now");
        if (breaches.Count == 0) Remember(stores, await Make(
            stores, evidence.Events is [.., var last] ? last.Position : 0, cancellation));

        var streams = evidence.Events.Select(one => one.Stream).Distinct(StringComparer.Ordinal).Count();
        return Finding.Of(
            "I5", "stream versions have no gap, no event ever changes",
            $"{evidence.Events.Count} events in {streams} streams, "
            + (before is null ? "verified for the first time" : $"{before.Events} of them as they were verified before"),
            breaches);
    }

    // What is published has numbers without a gap, too.
    private static IEnumerable<string> Numbers(IReadOnlyList<StoredFact> entries)
    {
        var (lane, expected) = (-1, 1L);
        foreach (var entry in entries)
        {
            if (entry.Lane != lane) (lane, expected) = (entry.Lane, 1);
            if (entry.Number != expected) yield return $"{entry} comes where number {expected} is due";
            expected = entry.Number + 1;
        }
    }

    private static async Task<Digest> Make(Stores stores, long position, CancellationToken cancellation) =>
        (await stores.Rows(
            Stores.Ledger, "select events, digest::text from ledger_digest($1)",
            row => new Digest(position, row.GetInt64(0), row.GetString(1)), cancellation, position)).Single();

    private static string NoteOf(Stores stores) => Path.Combine(stores.Running.Data, "verified.json");

    private static Digest? Remembered(Stores stores)
    {
        try
        {
            return JsonSerializer.Deserialize<Digest>(File.ReadAllText(NoteOf(stores)), JsonSerializerOptions.Web);
        }
        catch (FileNotFoundException)
        {
            return null;
        }
        catch (JsonException broken)
        {
            throw new PreparationFailed(
                string.Create(CultureInfo.InvariantCulture, $"{NoteOf(stores)} cannot be read: {broken.Message}"), broken);
        }
    }

    private static void Remember(Stores stores, Digest digest) => File.WriteAllText(
        NoteOf(stores), JsonSerializer.Serialize(digest, JsonSerializerOptions.Web) + "\n");
}
