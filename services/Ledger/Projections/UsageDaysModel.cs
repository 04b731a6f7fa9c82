using System.Runtime.InteropServices;
using Billing.Ledger.Charges;
using Billing.Ledger.Events;
using Billing.ServiceDefaults.Database;
using Npgsql;

namespace Billing.Ledger.Projections;

/// <summary>What each tenant used of each meter on each day (of UTC), and what it costs.</summary>
public sealed class UsageDaysModel : IReadModel
{
    private const string Upsert =
        """
        insert into usage_days as held (tenant_id, meter, currency, day, charges, units, amount)
        select t, m, c, d, n, u::numeric, a::numeric
        from unnest($1, $2, $3, $4, $5, $6, $7) as rows (t, m, c, d, n, u, a)
        on conflict (tenant_id, meter, currency, day) do update
        set charges = held.charges + excluded.charges, units = held.units + excluded.units,
            amount = held.amount + excluded.amount
        """;

    public string Name => "usage-days";

    public IReadOnlyList<string> Tables { get; } = ["usage_days"];

    public bool Knows(Type happened) => ReadModels.Known.Contains(happened);

    public Task AddTo(NpgsqlBatch batch, EventPage page, CancellationToken cancellation)
    {
        var days = new Dictionary<UsageDayKey, UsageDay>();
        AddTo(days, page.Events);
        Write(batch, [.. days.Values]);
        return Task.CompletedTask;
    }

    internal static void AddTo(Dictionary<UsageDayKey, UsageDay> days, IReadOnlyList<Positioned> events)
    {
        foreach (var happened in events)
            if (UsageDay.Of(happened.Event) is { } day)
            {
                ref var sum = ref CollectionsMarshal.GetValueRefOrAddDefault(days, day.Key, out _);
                sum = sum?.And(day) ?? day;
            }
    }

    internal static void Write(NpgsqlBatch batch, IReadOnlyList<UsageDay> rows) =>
        Columns.Add(
            batch, Upsert,
            Columns.Of(rows, row => row.Key.Tenant.ToString()),
            Columns.Of(rows, row => row.Key.Meter.ToString()),
            Columns.Of(rows, row => row.Key.Currency.Code),
            Columns.Of(rows, row => row.Key.Day),
            Columns.Of(rows, row => row.Charges),
            Columns.Numbers(rows, row => row.Units),
            Columns.Numbers(rows, row => row.Amount));
}
