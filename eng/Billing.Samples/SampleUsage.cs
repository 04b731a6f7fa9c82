using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Billing.LocalTools;
using Billing.Samples.Feeding;

namespace Billing.Samples;

/// <summary>The shipped requests as usage of the sample tenants, by the rule that Data/README.md states.</summary>
internal static class SampleUsage
{
    public const string Source = "/samples/llm-usage-code";
    public const string EventType = "llm.completion";

    private const string TimeFormat = "yyyy-MM-dd HH:mm:ss.FFFFFFF";

    /// <param name="Number">From 1, behind the header.</param>
    public sealed record Request(int Number, DateTimeOffset At, int TokensIn, int TokensOut);

    public static string Folder => Path.Combine(AppContext.BaseDirectory, "Data");

    public static IReadOnlyList<Request> Read() => Read(File.ReadLines(Path.Combine(Folder, "llm-usage-code.csv")));

    public static IReadOnlyList<Request> Read(IEnumerable<string> lines) =>
        [.. lines.Skip(1).Where(line => line.Length > 0).Select((line, index) => Read(line, index + 1))];

    /// <summary>How far all times are moved, for the last request to be made at a moment. Whole microseconds.</summary>
    public static TimeSpan Shift(IReadOnlyList<Request> requests, DateTimeOffset last) =>
        Microseconds(last - requests.Max(request => request.At));

    public static IEnumerable<UsageMessage> Events(
        IReadOnlyList<Request> requests, IReadOnlyList<SampleTenant> tenants, TimeSpan shift) =>
        requests.Select(request => Event(request, tenants[Place(request.Number, tenants.Count)], shift));

    /// <summary>Which of the tenants a row is of.</summary>
    public static int Place(int row, int tenants)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.ASCII.GetBytes(row.ToString(CultureInfo.InvariantCulture)), hash);
        return (int)(BinaryPrimitives.ReadUInt32BigEndian(hash) % (uint)tenants);
    }

    private static UsageMessage Event(Request request, SampleTenant tenant, TimeSpan shift) => UsageMessage.Of(
        new()
        {
            ["source"] = Source,
            ["id"] = request.Number.ToString(CultureInfo.InvariantCulture),
            ["type"] = EventType,
            ["subject"] = tenant.Id,
            ["time"] = UsageMessage.Spell(request.At + shift),
        },
        [("tokens_in", request.TokensIn), ("tokens_out", request.TokensOut)]);

    private static Request Read(string line, int number) => line.Split(',') is [var at, var tokensIn, var tokensOut]
        && DateTimeOffset.TryParseExact(
            at, TimeFormat, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var moment)
        && int.TryParse(tokensIn, CultureInfo.InvariantCulture, out var prompt)
        && int.TryParse(tokensOut, CultureInfo.InvariantCulture, out var generated)
            ? new(number, moment.AddTicks(-(moment.Ticks % TimeSpan.TicksPerMicrosecond)), prompt, generated)
            : throw new PreparationFailed($"row {number} of the sample data is not what was shipped: {line}");

    private static TimeSpan Microseconds(TimeSpan span) =>
        new(span.Ticks - span.Ticks % TimeSpan.TicksPerMicrosecond);
}
