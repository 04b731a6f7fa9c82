using System.Text.Json;
using Billing.Contracts.Values;
using static Billing.Ledger.Events.ReadPlain;
using Part = Billing.Ledger.Events.ChargeParts;

namespace Billing.Ledger.Events;

/// <summary>The arithmetic of a charge: <see cref="ReadCharge"/>.</summary>
internal static class ReadTrace
{
    public static bool TryRead(ref Utf8JsonReader json, out ChargeTrace? trace)
    {
        trace = null;
        List<ChargeStep>? steps = null; PriceRuleId? rule = null; int? version = null; string? level = null;
        Amount? before = null, after = null;
        if (!Object(ref json)) return false;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            if (!(Is(ref json, Part.Steps) ? steps is null && TrySteps(ref json, out steps)
                : Is(ref json, Part.Rule) ? Value(ref json, ref rule)
                : Is(ref json, Part.RuleVersion) ? Number(ref json, ref version)
                : Is(ref json, Part.Level) ? Word(ref json, ref level)
                : Is(ref json, Part.Before) ? Value(ref json, ref before)
                : Is(ref json, Part.After) && Value(ref json, ref after)))
                return false;

        if (json.TokenType != JsonTokenType.EndObject || steps is null) return false;
        trace = new(steps, rule, version, level, before, after);
        return true;
    }

    private static bool TrySteps(ref Utf8JsonReader json, out List<ChargeStep>? steps)
    {
        steps = [];
        if (!json.Read() || json.TokenType != JsonTokenType.StartArray) return false;
        while (json.Read() && json.TokenType == JsonTokenType.StartObject)
            if (TryStep(ref json, out var step)) steps.Add(step!);
            else return false;

        return json.TokenType == JsonTokenType.EndArray;
    }

    private static bool TryStep(ref Utf8JsonReader json, out ChargeStep? step)
    {
        step = null;
        string? what = null; Amount? amount = null; Quantity? units = null; UnitPrice? price = null;
        bool? rounded = null;
        while (json.Read() && json.TokenType == JsonTokenType.PropertyName)
            if (!(Is(ref json, Part.What) ? Word(ref json, ref what)
                : Is(ref json, Part.Amount) ? Value(ref json, ref amount)
                : Is(ref json, Part.Units) ? Value(ref json, ref units)
                : Is(ref json, Part.Price) ? Value(ref json, ref price)
                : Is(ref json, Part.Rounded) && Truth(ref json, ref rounded)))
                return false;

        if (json.TokenType != JsonTokenType.EndObject || what is null || amount is not { } much) return false;
        step = new(what, much, units, price, rounded);
        return true;
    }
}
