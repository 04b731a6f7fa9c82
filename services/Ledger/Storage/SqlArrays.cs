using System.Globalization;
using Billing.Contracts.Values;
using Billing.Ledger.Events;
using Npgsql;
using NpgsqlTypes;

namespace Billing.Ledger.Storage;

/// <summary>Values as the columns of tables, many rows at once.</summary>
internal static class SqlArrays
{
    // No subscription can be called so: a name has no tilde.
    private const string NoSubscription = "~none";

    public static string Column(this SubscriptionId? subscription) =>
        subscription is { } named ? Text.Spell(named) : NoSubscription;

    public static SubscriptionId? Subscription(string column) =>
        column == NoSubscription ? null : SubscriptionId.Of(column);

    /// <summary>The four columns that name a period.</summary>
    public static NpgsqlParameterCollection AddPeriods(
        this NpgsqlParameterCollection into, IReadOnlyList<PeriodKey> keys)
    {
        into.AddTexts(keys.Select(key => (string?)Text.Spell(key.Tenant)));
        into.AddTexts(keys.Select(key => (string?)key.Subscription.Column()));
        into.AddTexts(keys.Select(key => (string?)Text.Spell(key.Currency)));
        into.Add(new() { Value = keys.Select(key => key.Start.UtcDateTime).ToArray() });
        return into;
    }

    public static NpgsqlParameterCollection AddTexts(
        this NpgsqlParameterCollection into, IEnumerable<string?> texts)
    {
        into.Add(new() { Value = texts.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Text });
        return into;
    }

    public static NpgsqlParameterCollection AddIds(
        this NpgsqlParameterCollection into, IEnumerable<Guid?> ids)
    {
        into.Add(new() { Value = ids.ToArray(), NpgsqlDbType = NpgsqlDbType.Array | NpgsqlDbType.Uuid });
        return into;
    }

    /// <summary>An exact number, which numeric takes as text whatever its length.</summary>
    public static string Number(this Amount amount)
    {
        var spelled = Text.Spell(amount);
        return spelled[..spelled.IndexOf(' ', StringComparison.Ordinal)];
    }

    /// <param name="number">Without zeros behind the last digit, as trim_scale leaves it.</param>
    public static Amount Amount(string number, Currency currency) =>
        Text.Read<Amount>(string.Create(CultureInfo.InvariantCulture, $"{number} {Text.Spell(currency)}"));
}
