using Billing.Cli.Verbs;

namespace Billing.Cli.Tests;

public class RebuildTests
{
    private const string Running = """{"pid":1,"services":{"ledger":{"http":"http://127.0.0.1:1"}}}""";

    private Folder _data = null!;

    [SetUp]
    public void Make() => _data = new();

    [TearDown]
    public void Remove() => _data.Dispose();

    [Test]
    public void the_owner_comes_to_the_server_that_the_stack_started()
    {
        _data.Write("running.json", Running);
        _data.Write("secrets.json", """{"ledger-owner":"abc"}""");
        _data.Write("postgres/postmaster.pid", "17\n/data\n1700000000\n54321\n/tmp\n127.0.0.1\n");

        Rebuild.ConnectionString(_data.Path, null)
            .ShouldBe("Host=127.0.0.1;Port=54321;Username=ledger_owner;Password=abc;Database=ledger");
    }

    [Test]
    public void the_owner_comes_to_the_server_that_was_given_to_the_stack()
    {
        _data.Write("running.json", Running);
        _data.Write("secrets.json", """{"ledger-owner":"abc"}""");

        Rebuild.ConnectionString(_data.Path, "Host=db;Port=6000;Username=root;Password=secret;SSL Mode=Require")
            .ShouldBe("host=db;port=6000;ssl mode=Require;Username=ledger_owner;Password=abc;Database=ledger");
    }

    [Test]
    public void what_is_missing_is_named()
    {
        Should.Throw<CannotGoOn>(() => Rebuild.ConnectionString(_data.Path, null)).Message
            .ShouldBe($"no stack is up on {_data.Path}: start one with ./billing up.");
        _data.Write("running.json", Running);
        Should.Throw<CannotGoOn>(() => Rebuild.ConnectionString(_data.Path, null)).Message
            .ShouldContain("say where it is with ConnectionStrings__postgres");
    }
}
