using JasperFx;
using Microsoft.Extensions.Hosting;
using Npgsql;
using Wolverine;
using Wolverine.Attributes;
using Wolverine.Postgresql;

namespace Billing.SampleHost;

/// <summary>
/// <c>messages CONNECTION SCHEMA COUNT</c>: sends so many to itself, and is killed by a test meanwhile.
/// </summary>
public static class Messages
{
    public static async Task Run(string connection, string schema, int count)
    {
        await using var source = NpgsqlDataSource.Create(connection);
        var builder = Microsoft.Extensions.Hosting.Host.CreateApplicationBuilder();
        builder.UseWolverine(options =>
        {
            options.ApplicationAssembly = typeof(Messages).Assembly;
            options.PersistMessagesWithPostgresql(source, schema);
            options.AutoBuildMessageStorageOnStartup = AutoCreate.None;
            options.Policies.UseDurableLocalQueues();
            options.Durability.NodeReassignmentPollingTime = TimeSpan.FromMilliseconds(100);
        });
        builder.Services.Add(new(typeof(NpgsqlDataSource), source));
        using var host = builder.Build();
        await host.StartAsync();

        for (var number = 0; number < count; number++) await host.SendAsync(new Note(number));
        await host.WaitForShutdownAsync();
    }

    /// <summary>One of those messages.</summary>
    [MessageIdentity("sample.note")]
    public sealed record Note(int Number);

    /// <summary>Writes down that it was called, slowly.</summary>
    [WolverineHandler]
    public static class NoteHandler
    {
        public static async Task Handle(Note note, NpgsqlDataSource source, CancellationToken cancellation)
        {
            await using var command = source.CreateCommand("insert into notes (number) values ($1)");
            command.Parameters.Add(new() { Value = note.Number });
            await command.ExecuteNonQueryAsync(cancellation);
            await Task.Delay(TimeSpan.FromMilliseconds(20), cancellation);
        }
    }
}
