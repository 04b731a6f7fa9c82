using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using Npgsql;

namespace Billing.Bench.Quota;

/// <summary>
/// An endpoint that reads the same rows in the same way and answers with one of them: no token, no terms, no
/// decision, no headers. A process of its own, as the service is.
/// </summary>
internal static class BareQuota
{
    /// <summary>The word by which this program becomes that process.</summary>
    public const string Name = "bare-quota";

    public static async Task Run(string connection, string address, CancellationToken cancellation)
    {
        await using var data = NpgsqlDataSource.Create(
            new NpgsqlConnectionStringBuilder(connection) { MaxPoolSize = 4, MaxAutoPrepare = 100 });
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(address);
        await using var app = builder.Build();
        app.MapGet("/bare/{tally:guid}", (Guid tally) => Read(data, tally));
        await app.StartAsync(cancellation);
        await Task.Delay(Timeout.Infinite, cancellation);
    }

    private static async Task<IResult> Read(NpgsqlDataSource data, Guid tally)
    {
        await using var connection = await data.OpenConnectionAsync();
        await using var batch = new NpgsqlBatch(connection)
        {
            BatchCommands =
            {
                new("select 1 from catalog_facts where number > $1 limit 1")
                {
                    Parameters = { new() { Value = 1_000_000L } },
                },
                new(
                    """
                    select tenant_id, subscription_id, meter_id, currency, period_start, period_end, stamp,
                        catalog_number, tally::text, last_used_at from tallies where tally_id = any ($1)
                    """)
                {
                    Parameters = { new() { Value = new[] { tally } } },
                },
                new("select passed_at from soft_caps_passed where tally_id = $1 and soft_cap = $2")
                {
                    Parameters = { new() { Value = tally }, new() { Value = "1" } },
                },
            },
        };
        await using var rows = await batch.ExecuteReaderAsync();
        await rows.NextResultAsync();
        return await rows.ReadAsync() ? Results.Text(rows.GetString(8), "application/json") : Results.NotFound();
    }
}
