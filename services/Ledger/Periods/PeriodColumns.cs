using System.Globalization;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Periods;

/// <summary>The four columns that name a period, in rows and as parameters.</summary>
internal static class PeriodColumns
{
    // No subscription can be called so: a name has no tilde.
    private const string NoSubscription = "~none";

    public static NpgsqlParameter[] Of(IReadOnlyList<PeriodKey> keys) =>
    [
        Columns.Of(keys, key => Text.Spell(key.Tenant)),
        Columns.Of(keys, key => key.Subscription is { } named ? Text.Spell(named) : NoSubscription),
        Columns.Of(keys, key => Text.Spell(key.Currency)),
        Columns.Of(keys, key => key.Start.ToUniversalTime()),
    ];

    /// <summary>The first four columns of a row.</summary>
    public static PeriodKey Read(NpgsqlDataReader row) => new(
        TenantId.Of(row.GetString(0)),
        row.GetString(1) is var named && named == NoSubscription ? null : SubscriptionId.Of(named),
        Currency.Of(row.GetString(2)), row.GetFieldValue<DateTimeOffset>(3));

    /// <param name="number">Without zeros behind the last digit, as trim_scale leaves it.</param>
    public static Amount Amount(string number, Currency currency) =>
        Text.Read<Amount>(string.Create(CultureInfo.InvariantCulture, $"{number} {Text.Spell(currency)}"));
}
