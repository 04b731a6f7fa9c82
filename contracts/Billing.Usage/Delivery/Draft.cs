using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace Billing.Usage.Delivery;

/// <summary>
/// An event as a CloudEvent, all but its number. Written while the caller is there, so that later changes of
/// its objects change nothing, and every try sends the same bytes.
/// </summary>
internal readonly record struct Draft(string Id, byte[] Json, int Length)
{
    // Room for the number at the end: ,"sequence":"9223372036854775807","sequencetype":"Integer"}
    private const int LongestNumber = 64;

    private static readonly JsonWriterOptions _readable =
        new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public int LargestBytes => Length + LongestNumber;

    /// <exception cref="ArgumentException">It is too large.</exception>
    public static Draft Of(UsageEvent usage, UsageOptions options)
    {
        var now = options.Time.GetUtcNow();
        var id = usage.Id ?? Guid.CreateVersion7(now).ToString();
        var json = new ArrayBufferWriter<byte>(512);
        using (var writer = new Utf8JsonWriter(json, _readable))
            Write(writer, usage, options.Source, id, now);
        if (json.WrittenCount + LongestNumber > UsageEvent.LargestBytes)
            throw new ArgumentException($"The event is larger than {UsageEvent.LargestBytes} bytes.");

        return new(id, json.WrittenSpan.ToArray(), json.WrittenCount);
    }

    public Item Numbered(long? sequence) =>
        sequence is not { } number ? new(Id, null, Json, LargestBytes) : new(Id, sequence,
        [
            .. Json.AsSpan(0, Length - 1),
            .. Encoding.UTF8.GetBytes(string.Create(
                CultureInfo.InvariantCulture, $$""","sequence":"{{number}}","sequencetype":"Integer"}""")),
        ], LargestBytes);

    private static void Write(
        Utf8JsonWriter writer, UsageEvent usage, string source, string id, DateTimeOffset now)
    {
        writer.WriteStartObject();
        writer.WriteString("specversion", "1.0");
        writer.WriteString("id", id);
        writer.WriteString("source", source);
        writer.WriteString("type", usage.Type);
        writer.WriteString("subject", usage.Tenant);
        writer.WriteString(
            "time", (usage.Time ?? now).UtcDateTime.ToString("O", CultureInfo.InvariantCulture));
        if (usage.Cancels is { } canceled) writer.WriteString("billingcancels", canceled);
        if (usage.Amends is { } amended) writer.WriteString("billingamends", amended);
        if (Activity.Current is { IdFormat: ActivityIdFormat.W3C, Id: { } trace })
            writer.WriteString("traceparent", trace);
        writer.WriteString("datacontenttype", "application/json");
        writer.WriteStartObject("data");
        foreach (var (name, value) in usage.Data)
            if (value.Text is { } text) writer.WriteString(name, text);
            else writer.WriteNumber(name, value.Number);
        writer.WriteEndObject();
        writer.WriteEndObject();
    }
}

/// <summary>What stands in the queue.</summary>
internal abstract class Queued;

/// <summary>An event, ready to be sent.</summary>
/// <param name="largestBytes">What it takes of the room.</param>
internal sealed class Item(string id, long? sequence, byte[] json, int largestBytes) : Queued
{
    public string Id => id;

    public long? Sequence => sequence;

    public byte[] Json => json;

    public int LargestBytes => largestBytes;

    /// <summary>As a list in JSON.</summary>
    public static byte[] Together(IReadOnlyList<Item> batch)
    {
        var body = new byte[batch.Sum(item => item.Json.Length + 1) + 1];
        var end = 0;
        foreach (var item in batch)
        {
            body[end] = end == 0 ? (byte)'[' : (byte)',';
            item.Json.CopyTo(body, end + 1);
            end += item.Json.Length + 1;
        }

        body[end] = (byte)']';
        return body;
    }
}

/// <summary>Somebody wants to know when everything before it is settled.</summary>
internal sealed class Mark : Queued
{
    private readonly TaskCompletionSource _reached = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public Task Reached => _reached.Task;

    public void Reach() => _reached.TrySetResult();
}
