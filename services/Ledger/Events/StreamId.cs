using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

/// <summary>
/// What a stream is called. It begins with the tenant and is named by what is limited, because the version of
/// a stream is the guard of that limit.
/// </summary>
public abstract record StreamId(TenantId Tenant)
{
    // No subscription can be called so: a name has no tilde.
    private const string NoSubscription = "~none";

    protected abstract string Rest { get; }

    /// <summary>Null unless the text is the one spelling of a stream id.</summary>
    public static StreamId? Find(string text) =>
        TryRead(text.Split('/'), out var id) && id.ToString() == text ? id : null;

    /// <exception cref="FormatException">Not the spelling of a stream id.</exception>
    public static StreamId Of(string text) =>
        Find(text) ?? throw new FormatException("Not the id of a ledger stream.");

    public sealed override string ToString() => $"{Text.Spell(Tenant)}/{Rest}";

    /// <summary>Charges of a period, in bulk, and nothing else. Guards nothing.</summary>
    public sealed record Usage(PeriodKey Key) : StreamId(Key.Tenant)
    {
        protected override string Rest => $"usage/{Spell(Key)}";
    }

    /// <summary>Corrections of one charge. Guards what is left of it.</summary>
    public sealed record Charge(TenantId Tenant, ChargeId Id) : StreamId(Tenant)
    {
        protected override string Rest => $"charge/{Text.Spell(Id)}";
    }

    /// <summary>Account credit in one currency. Guards that it is spent once.</summary>
    public sealed record Credit(TenantId Tenant, Currency Currency) : StreamId(Tenant)
    {
        protected override string Rest => $"credit/{Text.Spell(Currency)}";
    }

    /// <summary>One invoice. Guards what is left to pay, to credit and to refund.</summary>
    public sealed record Invoice(TenantId Tenant, InvoiceId Id) : StreamId(Tenant)
    {
        protected override string Rest => $"invoice/{Text.Spell(Id)}";
    }

    /// <summary>Closes of one period. Guards that each has one answer.</summary>
    public sealed record Period(PeriodKey Key) : StreamId(Key.Tenant)
    {
        protected override string Rest => $"period/{Spell(Key)}";
    }

    /// <summary>What became of a fact that the ledger refused. Guards nothing.</summary>
    public sealed record Refused(TenantId Tenant, FactId Fact) : StreamId(Tenant)
    {
        protected override string Rest => $"refused/{Text.Spell(Fact)}";
    }

    private static bool TryRead(string[] parts, [NotNullWhen(true)] out StreamId? id)
    {
        id = null;
        if (parts.Length < 3 || !Text.TryRead<TenantId>(parts[0], out var tenant)) return false;

        id = parts[1..] switch
        {
            ["usage", _, _, _] when TryRead(tenant, parts[2..], out var key) => new Usage(key),
            ["period", _, _, _] when TryRead(tenant, parts[2..], out var key) => new Period(key),
            ["charge", var name] when Text.TryRead<ChargeId>(name, out var it) => new Charge(tenant, it),
            ["credit", var name] when Text.TryRead<Currency>(name, out var it) => new Credit(tenant, it),
            ["invoice", var name] when Text.TryRead<InvoiceId>(name, out var it) => new Invoice(tenant, it),
            ["refused", var name] when Text.TryRead<FactId>(name, out var it) => new Refused(tenant, it),
            _ => null,
        };
        return id is not null;
    }

    private static bool TryRead(TenantId tenant, string[] parts, out PeriodKey key)
    {
        key = default;
        SubscriptionId? subscription = null;
        if (parts[0] != NoSubscription)
        {
            if (!Text.TryRead<SubscriptionId>(parts[0], out var named)) return false;
            subscription = named;
        }

        const DateTimeStyles Utc = DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal;
        if (!Text.TryRead<Currency>(parts[1], out var currency)) return false;
        if (!DateTimeOffset.TryParseExact(
            parts[2], MomentJson.Format, CultureInfo.InvariantCulture, Utc, out var start)) return false;

        key = new(tenant, subscription, currency, start);
        return true;
    }

    private static string Spell(PeriodKey key)
    {
        var subscription = key.Subscription is { } named ? Text.Spell(named) : NoSubscription;
        var start = key.Start.UtcDateTime.ToString(MomentJson.Format, CultureInfo.InvariantCulture);
        return $"{subscription}/{Text.Spell(key.Currency)}/{start}";
    }
}
