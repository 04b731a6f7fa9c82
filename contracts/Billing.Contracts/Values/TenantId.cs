using System.Text.Json.Serialization;

namespace Billing.Contracts.Values;

/// <summary>
/// The customer that pays. Also the key of every topic of ours, and the start of every stream id.
/// </summary>
[JsonConverter(typeof(TextJson<TenantId>))]
public readonly record struct TenantId : IText<TenantId>
{
    private readonly string? name;

    private TenantId(string name) => this.name = name;

    public static int LongestText => Id.LongestName;

    /// <exception cref="FormatException">Not 1 to 64 letters, digits, and characters of . _ - : @</exception>
    public static TenantId Of(string name) => new(Id.Name(name));

    public static bool TryRead(ReadOnlySpan<char> text, out TenantId value)
    {
        value = Id.IsName(text) ? new(text.ToString()) : default;
        return value.name is not null;
    }

    public int Write(Span<char> into) => Id.Write(name, into);

    public override string ToString() => name ?? "(none)";
}
