using Billing.Contracts;
using Billing.ServiceDefaults.Database;
using Billing.Testbed;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.TestHost;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace Billing.ServiceDefaults.Tests.Database;

public sealed class ServiceDatabaseTests
{
    [Test]
    public async Task A_missing_connection_string_stops_the_service_and_is_named()
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);
        database.Configuration["ConnectionStrings:ledger-staff"] = "";

        Should.Throw<CannotStartException>(() => ServiceDatabase.Of(database.Configuration, Resources.Ledger))
            .Message.ShouldContain("ConnectionStrings:ledger-staff");
    }

    [Test]
    public async Task Sessions_are_named_after_service_and_role()
    {
        await using var database = await Steps.Applied();
        await using var roles = ServiceDatabase.Of(database.Configuration, Resources.Ledger);
        await using var name = roles.Writer.CreateCommand("show application_name");

        (await name.ExecuteScalarAsync()).ShouldBe("ledger-writer");
    }

    [Test]
    public async Task A_service_is_ready_when_all_migrations_are_applied()
    {
        await using var database = await Steps.Applied();
        await using var app = await Start(database);

        (await Health(app)).Status.ShouldBe(HealthStatus.Healthy);
    }

    [Test]
    public async Task A_service_is_not_ready_before_its_migration()
    {
        await using var database = await Steps.Applied();
        await database.Do(database.Owner, "delete from billing_migrations where name like '%idempotency%'");
        await using var app = await Start(database);

        (await Health(app)).Description.ShouldBe(
            "The migration common/0003-idempotency-keys.sql is not applied.");
    }

    [Test]
    public async Task A_service_is_not_ready_while_its_database_is_away_and_ready_when_it_is_back()
    {
        await using var database = await Steps.Applied();
        await database.Do(
            await Servers.Postgres(), $"alter database {database.Name} allow_connections false");
        await using var app = await Start(database);

        (await Health(app)).Description.ShouldBe("The database does not answer.");

        await database.Do(await Servers.Postgres(), $"alter database {database.Name} allow_connections true");
        await Eventually.Is(async () => (await Health(app)).Status == HealthStatus.Healthy);
    }

    [Test]
    public async Task A_service_does_not_start_on_a_store_with_other_lanes()
    {
        await using var database = await Steps.Applied();
        await database.Do(database.Owner, "update installation set lanes = 32");

        (await Should.ThrowAsync<CannotStartException>(() => Start(database)))
            .Message.ShouldBe("The store has 32 lanes for ever; this version has 64.");
    }

    [Test]
    public async Task A_restored_store_gets_another_generation_by_its_migration_and_no_service_before()
    {
        await using var database = await Steps.Applied();
        var before = await Generation(database);
        await database.Run();
        (await Generation(database)).ShouldBe(before);

        await database.Do(database.Owner, "update installation set timeline = timeline + 1");
        (await Should.ThrowAsync<CannotStartException>(() => Start(database))).Message
            .ShouldStartWith("The store was restored");
        await database.Run();

        (await Generation(database)).ShouldNotBe(before);
        await using var app = await Start(database);
    }

    [Test]
    public async Task A_generation_names_the_cluster_and_its_timeline()
    {
        await using var database = await Steps.Applied();

        var system = await database.Ask<long>(
            database.Admin, "select system_identifier from pg_control_system()");

        (await Generation(database)).ShouldMatch($"^{system}-1-[0-9a-f]{{32}}$");
    }

    private static Task<string> Generation(TestDatabase database) =>
        database.Ask<string>(database.Writer, "select generation from installation");

    private static async Task<WebApplication> Start(TestDatabase database)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseTestServer();
        builder.Configuration.AddConfiguration(database.Configuration);
        builder.Services.AddTime();
        builder.AddDatabase(database.Service, typeof(ServiceDatabaseTests).Assembly);
        var app = builder.Build();
        try
        {
            await app.StartAsync();
            return app;
        }
        catch
        {
            await app.DisposeAsync();
            throw;
        }
    }

    private static async Task<HealthReportEntry> Health(WebApplication app) =>
        (await app.Services.GetRequiredService<HealthCheckService>().CheckHealthAsync()).Entries["database"];
}
