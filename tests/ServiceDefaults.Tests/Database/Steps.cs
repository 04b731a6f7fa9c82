using Billing.Contracts;
using Billing.ServiceDefaults.Database;
using Billing.Testbed;
using Microsoft.Extensions.Logging.Abstractions;

namespace Billing.ServiceDefaults.Tests.Database;

/// <summary>Migrations as a test writes them down.</summary>
internal static class Steps
{
    private static readonly IReadOnlyList<MigrationFile> common = MigrationFile.All(typeof(Steps).Assembly);

    /// <summary>The common steps, then these.</summary>
    public static IReadOnlyList<MigrationFile> With(params (string Name, string Sql)[] own) =>
        MigrationFile.InOrder([.. common, .. own.Select(step => new MigrationFile(step.Name, step.Sql))]);

    public static Task Run(this TestDatabase database, params (string Name, string Sql)[] own) =>
        Migrations.Run(
        database.Configuration, database.Service, With(own), NullLogger.Instance, CancellationToken.None);

    public static async Task<string> IsRefused(
        this TestDatabase database, params (string Name, string Sql)[] own) =>
        (await Should.ThrowAsync<CannotStartException>(() => database.Run(own))).Message;

    /// <summary>A database of the ledger with these steps applied.</summary>
    public static async Task<TestDatabase> Applied(params (string Name, string Sql)[] own)
    {
        var database = await TestDatabase.Prepare(Resources.Ledger);
        await database.Run(own);

        return database;
    }
}
