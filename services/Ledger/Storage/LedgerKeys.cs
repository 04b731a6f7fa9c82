using Billing.Contracts.Values;
using Npgsql;

namespace Billing.Ledger.Storage;

/// <summary>
/// Keys that transactions take turns at, until they end: what waits for an invoice must not be put down while
/// that invoice is being booked. Taken before any period is held (docs/adr/0005).
/// </summary>
public static class LedgerKeys
{
    public static string Of(InvoiceId invoice) => $"invoice {Text.Spell(invoice)}";

    public static string Of(ChargeId charge) => $"charge {Text.Spell(charge)}";

    public static string Of(TenantId tenant, Currency currency) =>
        $"credit {Text.Spell(tenant)} {Text.Spell(currency)}";

    public static async Task Hold(
        NpgsqlConnection connection, IEnumerable<string> keys, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand("select hold_keys($1)", connection)
        {
            Parameters = { new() { Value = keys.Distinct().ToArray() } },
        };
        await command.ExecuteNonQueryAsync(cancellation);
    }
}
