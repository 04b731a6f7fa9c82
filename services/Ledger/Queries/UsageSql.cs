namespace Billing.Ledger.Queries;

/// <summary>Days of usage as they stood at a moment, from the rows that they are made of.</summary>
internal static class UsageSql
{
    public static string DaysAt(string position, string effective) =>
        $"""
        (select tenant_id, meter, currency, (effective_at at time zone 'UTC')::date as day, 1 as charges,
            coalesce(units, 0) as units, amount
        from charges where position <= {position} and effective_at <= {effective}
        union all
        select tenant_id, meter, currency, (effective_at at time zone 'UTC')::date, 0, coalesce(units, 0),
            amount
        from charge_changes where position <= {position} and effective_at <= {effective})
        """;
}
