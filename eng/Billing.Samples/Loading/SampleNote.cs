using System.Text.Json;
using Billing.LocalTools;
using Billing.Verify;

namespace Billing.Samples.Loading;

/// <summary>
/// What the data folder remembers of the first feed: with another shift the same rows would be other events. A feed
/// that was interrupted goes on with the same one.
/// </summary>
/// <param name="StartedAt">The moment that the last request was moved to.</param>
internal sealed record SampleNote(
    DateTimeOffset StartedAt, TimeSpan Shift, DateTimeOffset FirstRequestAt, int Events, DateTimeOffset? CompletedAt = null)
{
    private static readonly JsonSerializerOptions Readable = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    /// <summary>The first moment of the month (UTC) of the first request: subscriptions begin here.</summary>
    public DateTimeOffset SubscribedFrom =>
        new(FirstRequestAt.Year, FirstRequestAt.Month, 1, 0, 0, 0, TimeSpan.Zero);

    /// <summary>Null where nothing was fed.</summary>
    public static SampleNote? Read(string data)
    {
        var path = Path.Combine(data, FirstFeed.Note);
        try
        {
            return File.Exists(path) ? JsonSerializer.Deserialize<SampleNote>(File.ReadAllText(path), Readable) : null;
        }
        catch (JsonException broken)
        {
            throw new PreparationFailed($"{path} cannot be read: {broken.Message}", broken);
        }
    }

    public void Write(string data)
    {
        var path = Path.Combine(data, FirstFeed.Note);
        File.WriteAllText(path + ".new", JsonSerializer.Serialize(this, Readable) + "\n");
        File.Move(path + ".new", path, overwrite: true);
    }
}
