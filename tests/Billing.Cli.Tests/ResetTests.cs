using Billing.Cli.Verbs;
using Billing.LocalTools;

namespace Billing.Cli.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class ResetTests : IDisposable
{
    private readonly Folder data = new();
    private readonly StringWriter output = new();

    [SetUp]
    public void Fill()
    {
        data.Write("packages.props", "<Project />");
        data.Write(Path.Combine("postgres", "PG_VERSION"), "15");
        data.Write(Path.Combine("keys", "development.pem"), "key");
        data.Write("secrets.json", "{}");
    }

    public void Dispose()
    {
        data.Dispose();
        output.Dispose();
    }

    [Test]
    public void data_goes_and_the_choice_of_packages_stays()
    {
        Reset.Remove(data.Path, sure: true, answers: null, output).ShouldBe(0);

        Left().ShouldBe(["packages.props"]);
        output.ToString().ShouldContain("keys, postgres, secrets.json");
    }

    [Test]
    public void a_running_stack_keeps_its_data()
    {
        data.Write("running.json", """{ "pid": 4711 }""");
        using (FileLock.Try(data.Of("stack.lock")))
            Should.Throw<CannotGoOn>(() => Reset.Remove(data.Path, sure: true, answers: null, output))
                .Message.ShouldContain("a stack is running");

        Left().ShouldContain("postgres");
        Reset.Remove(data.Path, sure: true, answers: null, output).ShouldBe(0);
        Left().ShouldBe(["packages.props"]);
    }

    [Test]
    public void the_one_who_runs_is_named()
    {
        data.Write("running.json", """{ "pid": 4711 }""");
        using var held = FileLock.Try(data.Of("stack.lock"));

        RunningStack.On(data.Path).ShouldBe("process 4711");
    }

    [Test]
    public void nothing_goes_without_a_yes()
    {
        Should.Throw<CannotGoOn>(() => Reset.Remove(data.Path, sure: false, new StringReader("no\n"), output));
        Should.Throw<CannotGoOn>(() => Reset.Remove(data.Path, sure: false, answers: null, output))
            .Message.ShouldContain("--yes");
        Left().ShouldContain("postgres");

        Reset.Remove(data.Path, sure: false, new StringReader("yes\n"), output).ShouldBe(0);
        Left().ShouldNotContain("postgres");
    }

    [Test]
    public void what_a_link_points_to_is_not_ours_to_remove()
    {
        using var elsewhere = new Folder();
        var letter = elsewhere.Write("letter.txt", "dear");
        Directory.CreateSymbolicLink(data.Of("mine"), elsewhere.Path);

        Reset.Remove(data.Path, sure: true, answers: null, output).ShouldBe(0);

        Left().ShouldNotContain("mine");
        File.Exists(letter).ShouldBeTrue();
    }

    [Test]
    public void a_folder_that_holds_more_than_data_is_refused()
    {
        foreach (var folder in new[] { Checkout.Root, Path.GetPathRoot(Checkout.Root)! })
            Should.Throw<CannotGoOn>(() => Reset.Remove(folder, sure: true, answers: null, output))
                .Message.ShouldContain("holds more than data");
    }

    [Test]
    public void an_empty_folder_is_no_failure()
    {
        using var empty = new Folder();

        Reset.Remove(empty.Of("none"), sure: false, answers: null, output).ShouldBe(0);
        output.ToString().ShouldStartWith("Nothing to reset");
    }

    private IEnumerable<string?> Left() => Directory.EnumerateFileSystemEntries(data.Path)
        .Select(Path.GetFileName).Where(name => name != "stack.lock").Order();
}
