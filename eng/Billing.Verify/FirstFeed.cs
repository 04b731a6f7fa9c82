using System.Text.Json;
using Billing.Verify.Reading;

namespace Billing.Verify;

/// <summary>Whether there is anything to verify yet.</summary>
internal static class FirstFeed
{
    public const string Note = "sample.json";

    /// <summary>Null when it is complete; else what is missing, in a sentence.</summary>
    public static async Task<string?> WhatIsMissing(Stores stores, CancellationToken cancellation)
    {
        var note = Path.Combine(stores.Running.Data, Note);
        if (File.Exists(note))
        {
            using var json = JsonDocument.Parse(await File.ReadAllTextAsync(note, cancellation));
            if (!json.RootElement.TryGetProperty("completedAt", out var at) || at.ValueKind == JsonValueKind.Null)
                return "the first feed is not complete yet.";
        }

        return await stores.One<bool>(
            Stores.Ingestion, "select exists (select from usage_counts where received > 0)", cancellation)
                ? null : "no usage was fed yet, so there is nothing to verify: ./billing send <file> feeds some.";
    }
}
