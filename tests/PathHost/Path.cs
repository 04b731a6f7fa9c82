using Billing.Contracts;
using Billing.Contracts.Values;
using Billing.ServiceDefaults.UsagePath;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.DependencyInjection.Extensions;
using Npgsql;

namespace Billing.PathHost;

/// <summary>What the host reads and writes.</summary>
public static class Path
{
    public static void Add(WebApplicationBuilder builder)
    {
        builder.AddUsagePath(path => path.Read<TakeFacts>().ReadRaw<TakeRaw>().Publish(Topics.Ratings));
        // Nobody but a test starts this program, and for that it waits too long.
        builder.Services.Replace(ServiceDescriptor.Singleton<TimeProvider>(new FastTime(4)));
        if (Death.FromEnvironment() is { } death) builder.Services.AddSingleton<IStepWatch>(death);
    }

    /// <summary>One effect.</summary>
    public static async Task Write(
        NpgsqlConnection connection, string topic, int? lane, long? number, Guid? id, string key,
        CancellationToken cancellation)
    {
        await using var insert = new NpgsqlCommand(
            "insert into effects (topic, lane, number, fact_id, key) values ($1, $2, $3, $4, $5)", connection)
        {
            Parameters =
            {
                new() { Value = topic },
                new() { Value = (object?)lane ?? DBNull.Value },
                new() { Value = (object?)number ?? DBNull.Value },
                new() { Value = (object?)id ?? DBNull.Value },
                new() { Value = key },
            },
        };
        await insert.ExecuteNonQueryAsync(cancellation);
    }
}

/// <summary>Each fact has one effect and one fact of its own.</summary>
public sealed class TakeFacts : IFactHandler
{
    public string Topic => Topics.Usage;

    public string KeyOf(Fact fact) => fact.Key;

    public async Task Apply(FactBatch batch, CancellationToken cancellation)
    {
        foreach (var fact in batch.Facts)
        {
            await Path.Write(
                batch.Transaction.Connection, fact.Topic, fact.Lane, fact.Number, fact.Id.Value, fact.Key,
                cancellation);
            batch.Transaction.Send(new(
                Topics.Ratings, fact.Lane, new FactId(DerivedId.From("path-host", fact.Id.ToString())),
                fact.WireName, fact.Key, fact.Body, fact.Trace));
        }
    }
}

/// <summary>Each raw message has one effect, named by its key.</summary>
public sealed class TakeRaw : IRawHandler
{
    public string Topic => Topics.RawUsage;

    public async Task Apply(RawBatch batch, CancellationToken cancellation)
    {
        foreach (var message in batch.Messages)
            await Path.Write(
                batch.Transaction.Connection, message.Topic, null, null, null,
                System.Text.Encoding.UTF8.GetString(message.Key.Span), cancellation);
    }
}
