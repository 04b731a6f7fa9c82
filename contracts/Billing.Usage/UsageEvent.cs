using System.Globalization;

namespace Billing.Usage;

/// <summary>Something that was used.</summary>
/// <param name="Type">What happened, as a meter names it: <c>api.request</c>.</param>
/// <param name="Tenant">Whose use it is.</param>
/// <param name="Data">Quantities and dimensions, flat.</param>
public sealed record UsageEvent(string Type, string Tenant, IReadOnlyDictionary<string, UsageValue> Data)
{
    /// <summary>As JSON, all of it.</summary>
    public const int LargestBytes = 64 * 1024;

    internal const int LongestText = 256;

    public UsageEvent(string type, string tenant, params (string Name, UsageValue Value)[] data)
        : this(type, tenant, data.ToDictionary(one => one.Name, one => one.Value, StringComparer.Ordinal))
    {
    }

    /// <summary>
    /// Unique within the source, for ever: sent again with the same content it counts once. Made when the
    /// event is emitted, unless the caller has a better one: the id of the cause survives even a crash.
    /// </summary>
    public string? Id { get; init; }

    /// <summary>The moment of use; when the event is emitted, unless given.</summary>
    public DateTimeOffset? Time { get; init; }

    /// <summary>The id of an event of this source that is taken back; the data count for nothing.</summary>
    public string? Cancels { get; init; }

    /// <summary>
    /// The id of an event of this source, as it was first sent, whose content this one replaces.
    /// </summary>
    public string? Amends { get; init; }

    internal void Check()
    {
        CheckText(Type, nameof(Type));
        CheckText(Tenant, nameof(Tenant));
        if (Id is not null) CheckText(Id, nameof(Id));
        if (Cancels is not null) CheckText(Cancels, nameof(Cancels));
        if (Amends is not null) CheckText(Amends, nameof(Amends));
        if (Cancels is not null && Amends is not null)
            throw new ArgumentException("An event cancels or amends, not both.");
        ArgumentNullException.ThrowIfNull(Data);
    }

    internal static void CheckText(string? text, string name)
    {
        if (string.IsNullOrEmpty(text) || text.Length > LongestText || text.Any(char.IsControl))
            throw new ArgumentException($"{name} has 1 to {LongestText} characters, no control ones.", name);
    }
}

/// <summary>
/// A quantity, exact to the last digit, or a text. There is no way from binary floating point, which is not
/// exact: say what you mean with a decimal.
/// </summary>
public readonly record struct UsageValue
{
    private readonly string? _text;
    private readonly decimal _number;

    private UsageValue(string? text, decimal number) => (_text, _number) = (text, number);

    internal string? Text => _text;

    internal decimal Number => _number;

    public static implicit operator UsageValue(string text) => FromString(text);

    public static implicit operator UsageValue(decimal number) => FromDecimal(number);

    public static implicit operator UsageValue(long number) => FromDecimal(number);

    public static implicit operator UsageValue(int number) => FromDecimal(number);

    public static UsageValue FromString(string text) =>
        new(text ?? throw new ArgumentNullException(nameof(text)), 0);

    public static UsageValue FromDecimal(decimal number) => new(null, number);

    public static UsageValue FromInt64(long number) => FromDecimal(number);

    public static UsageValue FromInt32(int number) => FromDecimal(number);

    public override string ToString() => _text ?? _number.ToString(CultureInfo.InvariantCulture);
}
