using System.Collections.Frozen;
using Billing.Contracts.Values;

namespace Billing.Ledger.Events;

/// <summary>
/// Shapes that are not written any more, each with the function to the present one. A new shape gets a new
/// stored name; the old name and its record move here and stay for ever, because rows do.
/// </summary>
public static class Upcasts
{
    /// <summary>Stored name → the shape it had, and the way to the present.</summary>
    public static FrozenDictionary<string, Older> All { get; } = new Dictionary<string, Older>
    {
        [AccountCredited.StoredName] = Older.Of<AccountCredited>(AccountCredited.Upcast),
    }.ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>One shape of the past.</summary>
    public sealed record Older(Type Shape, Func<object, LedgerEvent> Upcast)
    {
        public static Older Of<TOld>(Func<TOld, LedgerEvent> upcast) where TOld : class =>
            new(typeof(TOld), old => upcast((TOld)old));
    }
}

/// <summary>
/// A grant of credit as the first draft stored it: in minor units beside the currency, with one time, and the
/// reason as the only word on its origin.
/// </summary>
public sealed record AccountCredited(
    TenantId Tenant, Currency Currency, long MinorUnits, DateTimeOffset At, Cause Cause, string Reason)
{
    public const string StoredName = "account_credited";

    // The draft knew no actor, so its events say that of themselves instead of naming somebody.
    private const string UnknownActor = "unknown";

    public static CreditGranted Upcast(AccountCredited old) => new(
        old.Tenant, new(old.MinorUnits, old.Currency),
        new(old.At, old.At, UnknownActor, old.Cause, old.Reason));
}
