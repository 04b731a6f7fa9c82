using System.Text.Json;
using Billing.Contracts.Values;
using static Billing.Ledger.Events.ReadPlain;
using Part = Billing.Ledger.Events.ChargeParts;

namespace Billing.Ledger.Events;

/// <summary>What is behind a charge, as <see cref="ReadCharge"/> reads the rest of it.</summary>
internal static class ReadUsage
{
    public static bool TryRead(ref Utf8JsonReader json, out UsageRef? usage)
    {
        usage = null;
        string? source = null, id = null; int? revision = null;
        if (!Object(ref json)) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            if (!(Is(ref json, Part.Source) ? Word(ref json, ref source)
                : Is(ref json, Part.Id) ? Word(ref json, ref id)
                : Is(ref json, Part.Revision) && Number(ref json, ref revision)))
                return false;

        if (json.TokenType != JsonTokenType.EndObject) return false;
        if (source is null || id is null || revision is not { } number) return false;
        usage = new(source, id, number);
        return true;
    }

    public static bool TryRead(ref Utf8JsonReader json, out List<FactId>? facts)
    {
        facts = [];
        if (!json.Read() || json.TokenType != JsonTokenType.StartArray) return false;
        while (json.Read() && json.TokenType != JsonTokenType.EndArray)
            if (Text<FactId>(ref json, out var fact)) facts.Add(fact);
            else return false;

        return json.TokenType == JsonTokenType.EndArray;
    }
}
