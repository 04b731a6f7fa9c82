using Billing.Testbed;

namespace Billing.Ingestion.Tests.Usage;

/// <summary>What the database itself guarantees.</summary>
public class StorageTests
{
    private TestDatabase _database = null!;

    [OneTimeSetUp]
    public async Task Up() =>
        _database = await TestDatabase.Create("ingestion", typeof(Ingestion.Usage.AcceptUsage).Assembly);

    [OneTimeTearDown]
    public async Task Down() => await _database.DisposeAsync();

    [Test]
    public async Task the_writer_makes_partitions_ahead_and_again()
    {
        await _database.Do(_database.Writer, "select make_usage_partitions('2031-11-20Z')");
        await _database.Do(_database.Writer, "select make_usage_partitions('2031-12-01Z')");

        (await _database.Ask<long>(_database.Owner,
            "select count(*) from pg_class where relname ~ '^usage_(originals|refusals)_203._..$'"))
            .ShouldBe(10, "November to March, of both tables");
    }

    [Test]
    public async Task counts_that_do_not_add_up_are_refused() =>
        await Should.ThrowAsync<Npgsql.PostgresException>(() => _database.Do(_database.Writer,
            "insert into usage_counts values (0, '2026-01-01', 3, 1, 0, 0, 0, 0, 1)"));

    [TestCase("delete from usage_keys")]
    [TestCase("delete from usage_originals")]
    [TestCase("update usage_originals set body = ''")]
    [TestCase("delete from usage_refusals")]
    [TestCase("update usage_keys set id = ''")]
    public async Task the_writer_cannot_undo(string statement) =>
        await Should.ThrowAsync<Npgsql.PostgresException>(() => _database.Do(_database.Writer, statement));
}
