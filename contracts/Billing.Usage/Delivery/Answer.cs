using System.Net;
using System.Text.Json;

namespace Billing.Usage.Delivery;

/// <summary>What a call brought back.</summary>
/// <param name="Verdicts">One for each event, in their order; null when there are none.</param>
/// <param name="MayPass">Trouble that another call may not meet.</param>
/// <param name="Pause">How long the service asks to wait.</param>
internal sealed record Answer(
    HttpStatusCode Status, IReadOnlyList<ItemVerdict>? Verdicts, bool MayPass, TimeSpan? Pause,
    string? Why)
{
    private static readonly TimeSpan _longestPause = TimeSpan.FromMinutes(5);

    public static Answer Of(
        HttpResponseMessage response, byte[] body, IReadOnlyList<Item> batch, DateTimeOffset now)
    {
        var status = response.StatusCode;
        if (status == HttpStatusCode.Accepted)
            return Read(body, batch) is { } verdicts
                ? new(status, verdicts, MayPass: false, null, null)
                // Sending again does no harm, and the next answer may be whole.
                : new(status, null, MayPass: true, null, "The answer does not fit what was sent.");

        return new(status, null, IsPassing(status), PauseOf(response, now), WhyOf(status, body));
    }

    // A key that is refused may be a key that is just being changed, a source that is about to be allowed:
    // usage is not thrown away for it. Whoever listens to trouble hears of it at every try.
    private static bool IsPassing(HttpStatusCode status) =>
        status >= HttpStatusCode.InternalServerError || status < HttpStatusCode.BadRequest
        || status is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests
            or HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound;

    private static TimeSpan? PauseOf(HttpResponseMessage response, DateTimeOffset now)
    {
        var asked = response.Headers.RetryAfter switch
        {
            { Delta: { } delta } => delta,
            { Date: { } date } => date - now,
            _ => (TimeSpan?)null,
        };
        return asked is { } pause && pause > TimeSpan.Zero
            ? pause < _longestPause ? pause : _longestPause
            : null;
    }

    private static string WhyOf(HttpStatusCode status, byte[] body)
    {
        var detail = ParsedOrNull(body) is { } problem
            ? Names.Text(problem, "detail") ?? Names.Text(problem, "title")
            : null;
        return detail is null ? $"HTTP {(int)status}." : $"HTTP {(int)status}: {detail}";
    }

    private static List<ItemVerdict>? Read(byte[] body, IReadOnlyList<Item> batch)
    {
        if (ParsedOrNull(body) is not { } answer || answer.ValueKind != JsonValueKind.Object
            || !answer.TryGetProperty("items", out var items) || items.ValueKind != JsonValueKind.Array
            || items.GetArrayLength() != batch.Count)
            return null;

        var verdicts = new List<ItemVerdict>(batch.Count);
        foreach (var item in items.EnumerateArray())
        {
            if (Names.Text(item, "id") != batch[verdicts.Count].Id
                || Names.Read(Names.Text(item, "verdict")) is not { } verdict)
                return null;

            verdicts.Add(new(verdict, Names.Text(item, "code"), Names.Text(item, "detail")));
        }

        return verdicts;
    }

    private static JsonElement? ParsedOrNull(byte[] body)
    {
        try
        {
            return JsonSerializer.Deserialize<JsonElement>(body);
        }
        catch (JsonException)
        {
            return null; // cut off, or of somebody in between
        }
    }
}

/// <summary>What the service says about one event.</summary>
internal readonly record struct ItemVerdict(Verdict Verdict, string? Code = null, string? Detail = null)
{
    public static readonly ItemVerdict Abandoned = new(Verdict.Abandoned, null, "The sender was disposed.");

    public static readonly ItemVerdict Dropped =
        new(Verdict.Dropped, null, "No room was left in the sender's memory.");
}

/// <summary>Verdicts as they are called on the wire and in metrics.</summary>
internal static class Names
{
    private static readonly Dictionary<string, Verdict> _verdicts =
        Enum.GetValues<Verdict>().ToDictionary(Of, StringComparer.Ordinal);

    public static string Of(Verdict verdict) => verdict.ToString().ToLowerInvariant();

    /// <summary>Null for what the service does not say.</summary>
    public static Verdict? Read(string? name) =>
        name is not null && _verdicts.TryGetValue(name, out var verdict) && verdict < Verdict.Dropped
            ? verdict
            : null;

    public static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value)
            && value.ValueKind == JsonValueKind.String
                ? value.GetString()
                : null;
}
