using Billing.Contracts;
using Billing.ServiceDefaults.Database;
using Billing.Testbed;
using Npgsql;

namespace Billing.ServiceDefaults.Tests.Database;

public sealed class ScramVerifierTests
{
    // RFC 7677, section 3: user "user", password "pencil".
    [Test]
    public void It_is_what_the_standards_example_computes() =>
        ScramVerifier.Of("pencil", Convert.FromBase64String("W22ZaJ0SNY7soEsUEjb6gQ==")).ShouldBe(
            "SCRAM-SHA-256$4096:W22ZaJ0SNY7soEsUEjb6gQ==$WG5d8oPm3OtcPnkdi4Uo7BkeZkBFzpcXkuLmtbsT4qY=:"
            + "wfPLwcE6nTWhTAmQ7tl2KeoiWGPlZqQxSrmfPwDl2dU=");

    [TestCase("it's")]
    [TestCase("with spaces; and \"quotes\" $$")]
    [TestCase("päßwörd")]
    public async Task PostgreSQL_lets_its_password_in(string password)
    {
        await using var database = await TestDatabase.Prepare(Resources.Ledger);
        var name = Resources.Connection(Resources.Ledger, DatabaseRoles.Writer);
        var writer =
            new NpgsqlConnectionStringBuilder(database.Writer) { Password = password }.ConnectionString;
        database.Configuration[$"ConnectionStrings:{name}"] = writer;

        await database.Run();

        (await database.Ask<int>(writer, "select 1")).ShouldBe(1);
    }
}
