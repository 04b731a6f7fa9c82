using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>What is counted: <c>api_calls</c>.</summary>
[JsonConverter(typeof(TextJson<MeterId>))]
public readonly record struct MeterId : IText<MeterId>
{
    private readonly string? name;

    private MeterId(string name) => this.name = name;

    public static int LongestText => Id.LongestName;

    /// <exception cref="FormatException">Not 1 to 64 letters, digits, and characters of . _ - : @</exception>
    public static MeterId Of(string name) => new(Id.Name(name));

    public static bool TryRead(ReadOnlySpan<char> text, out MeterId value)
    {
        value = Id.IsName(text) ? new(text.ToString()) : default;
        return value.name is not null;
    }

    public int Write(Span<char> into) => Id.Write(name, into);

    public override string ToString() => name ?? "(none)";
}

/// <summary>What a tenant can subscribe to: <c>business</c>.</summary>
[JsonConverter(typeof(TextJson<PlanId>))]
public readonly record struct PlanId : IText<PlanId>
{
    private readonly string? name;

    private PlanId(string name) => this.name = name;

    public static int LongestText => Id.LongestName;

    /// <exception cref="FormatException">Not 1 to 64 letters, digits, and characters of . _ - : @</exception>
    public static PlanId Of(string name) => new(Id.Name(name));

    public static bool TryRead(ReadOnlySpan<char> text, out PlanId value)
    {
        value = Id.IsName(text) ? new(text.ToString()) : default;
        return value.name is not null;
    }

    public int Write(Span<char> into) => Id.Write(name, into);

    public override string ToString() => name ?? "(none)";
}

/// <summary>One price for one meter, in all its versions.</summary>
[JsonConverter(typeof(TextJson<PriceRuleId>))]
public readonly record struct PriceRuleId : IText<PriceRuleId>
{
    private readonly string? name;

    private PriceRuleId(string name) => this.name = name;

    public static int LongestText => Id.LongestName;

    /// <exception cref="FormatException">Not 1 to 64 letters, digits, and characters of . _ - : @</exception>
    public static PriceRuleId Of(string name) => new(Id.Name(name));

    public static bool TryRead(ReadOnlySpan<char> text, out PriceRuleId value)
    {
        value = Id.IsName(text) ? new(text.ToString()) : default;
        return value.name is not null;
    }

    public int Write(Span<char> into) => Id.Write(name, into);

    public override string ToString() => name ?? "(none)";
}

/// <summary>One tenant on one plan after another, in one currency. Unique over all tenants.</summary>
[JsonConverter(typeof(TextJson<SubscriptionId>))]
public readonly record struct SubscriptionId : IText<SubscriptionId>
{
    private readonly string? name;

    private SubscriptionId(string name) => this.name = name;

    public static int LongestText => Id.LongestName;

    /// <exception cref="FormatException">Not 1 to 64 letters, digits, and characters of . _ - : @</exception>
    public static SubscriptionId Of(string name) => new(Id.Name(name));

    public static bool TryRead(ReadOnlySpan<char> text, out SubscriptionId value)
    {
        value = Id.IsName(text) ? new(text.ToString()) : default;
        return value.name is not null;
    }

    public int Write(Span<char> into) => Id.Write(name, into);

    public override string ToString() => name ?? "(none)";
}
