using Billing.AppHost.Infrastructure;
using Billing.LocalTools;
using Billing.Testbed;
using Npgsql;

namespace Billing.AppHost.Tests.Infrastructure;

public sealed class GivenServersTests
{
    [Test]
    public void no_server_there_is_one_sentence() =>
        Postgres("Host=127.0.0.1;Port=1;Username=me").ShouldStartWith(
            "ConnectionStrings__postgres does not work: Failed to connect to 127.0.0.1:1");

    [Test]
    public void no_connection_string_at_all_is_one_sentence() =>
        Postgres("127.0.0.1:5432")
            .ShouldStartWith("ConnectionStrings__postgres does not work: Format of the initialization");

    [Test]
    public async Task a_wrong_password_is_one_sentence()
    {
        var wrong = new NpgsqlConnectionStringBuilder(await Servers.Postgres()) { Password = "wrong" };

        Postgres(wrong.ConnectionString).ShouldBe(
            "ConnectionStrings__postgres does not work: password authentication failed for user "
            + $"\"{wrong.Username}\".");
    }

    [Test]
    public async Task a_user_without_rights_is_one_sentence()
    {
        var admin = await Servers.Postgres();
        await Run(admin, "create role apphost_tests_nobody login password 'nobody'");
        try
        {
            var nobody = new NpgsqlConnectionStringBuilder(admin)
            {
                Username = "apphost_tests_nobody",
                Password = "nobody",
            };
            Postgres(nobody.ConnectionString).ShouldBe(
                "The user apphost_tests_nobody of ConnectionStrings__postgres may not create databases and "
                + "roles: use another one, or alter role … createdb createrole.");
        }
        finally
        {
            await Run(admin, "drop role apphost_tests_nobody");
        }
    }

    [Test]
    public async Task the_administrator_may() => GivenServers.CheckPostgres(await Servers.Postgres());

    [TestCase(
        "127.0.0.1:1",
        "ConnectionStrings__kafka does not work: 127.0.0.1:1 does not answer as a Kafka broker "
        + "(Connection refused).")]
    [TestCase("kafka", "ConnectionStrings__kafka does not work: 'kafka' is not host:port.")]
    public void no_broker_there_is_one_sentence(string given, string sentence) =>
        Should.Throw<PreparationFailed>(() => GivenServers.CheckKafka(given)).Message.ShouldBe(sentence);

    [Test]
    public void a_given_string_is_split_into_where_and_who()
    {
        var (address, admin) = PostgresServer.Split(
            "Host=db;Port=5433;Username=me;Password=p;Database=x;SSL Mode=Require");

        address.ShouldBe("Host=db;Port=5433;SSL Mode=Require");
        admin.ShouldBe("Host=db;Port=5433;Username=me;Password=p;SSL Mode=Require");
    }

    private static string Postgres(string given) =>
        Should.Throw<PreparationFailed>(() => GivenServers.CheckPostgres(given)).Message;

    private static async Task Run(string admin, string sql)
    {
        await using var source = NpgsqlDataSource.Create(admin);
        await using var command = source.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }
}
