using System.Runtime.CompilerServices;
using VerifyTests;

namespace Billing.StandIns.Tests.Verify.NUnit;

public class VerifyTests
{
    private string folder = "";

    [SetUp]
    public void MakeFolder() => folder = Directory.CreateTempSubdirectory("verify-").FullName;

    [TearDown]
    public void RemoveFolder() => Directory.Delete(folder, recursive: true);

    [Test]
    public async Task the_kept_file_stands_beside_the_test_and_is_named_by_it()
    {
        var result = await VerifyNUnit.Verifier.Verify("one\ntwo");

        result.Text.ShouldBe("one\ntwo");
    }

    [TestCase("plain", 1)]
    [TestCase("with/slash", 2)]
    public async Task arguments_of_a_test_case_are_part_of_the_name(string text, int number)
    {
        await Should.ThrowAsync<Exception>(Verify("new").UseDirectory(folder).ToTask);

        var safe = text.Replace('/', '-');
        Only().ShouldBe($"VerifyTests.{TestContext.CurrentContext.Test.MethodName}_text={safe}_number={number}.received.txt");
    }

    [Test]
    public async Task new_text_fails_and_leaves_the_received_file()
    {
        var failure = await Should.ThrowAsync<Exception>(Verify("fresh").UseDirectory(folder).UseFileName("x").ToTask);

        failure.Message.ShouldBe(
            $"Directory: {folder}\nNew:\n  - Received: x.received.txt\n    Verified: x.verified.txt\n\n" +
            "FileContent:\n\nNew:\n\nReceived: x.received.txt\nfresh\n");
        Read("x.received.txt").ShouldBe("fresh");
    }

    [Test]
    public async Task different_text_fails_and_shows_the_lines()
    {
        Keep("x.verified.txt", "a\nb\nc\nd");

        var failure = await Should.ThrowAsync<Exception>(Verify("a\nb\nC\nd").UseDirectory(folder).UseFileName("x").ToTask);

        failure.Message.ShouldContain("line 3");
        failure.Message.ShouldContain("  b\n- c\n+ C\n  d\n");
        Read("x.received.txt").ShouldBe("a\nb\nC\nd");
        Read("x.verified.txt").ShouldBe("a\nb\nc\nd");
    }

    [Test]
    public async Task equal_text_removes_an_old_received_file()
    {
        Keep("x.verified.txt", "same");
        Keep("x.received.txt", "old");

        await Verify("same").UseDirectory(folder).UseFileName("x");

        Only().ShouldBe("x.verified.txt");
    }

    [Test]
    public async Task a_trailing_newline_is_content()
    {
        Keep("x.verified.txt", "same\n");

        await Should.ThrowAsync<Exception>(Verify("same").UseDirectory(folder).UseFileName("x").ToTask);
    }

    [Test]
    public async Task carriage_returns_are_refused_when_kept_and_ignored_when_received()
    {
        Keep("x.verified.txt", "a\nb");
        await Verify("a\r\nb").UseDirectory(folder).UseFileName("x");

        Keep("x.verified.txt", "a\r\nb");
        await Should.ThrowAsync<Exception>(Verify("a\r\nb").UseDirectory(folder).UseFileName("x").ToTask);
    }

    [Test]
    public async Task files_have_a_byte_order_mark_and_the_extension_asked_for()
    {
        var settings = new VerifySettings();
        settings.UseDirectory(folder);
        settings.UseFileName("x");
        settings.AutoVerify();

        await VerifyNUnit.Verifier.Verify(Task.FromResult("{}"), "json", settings);

        File.ReadAllBytes(Path.Combine(folder, "x.verified.json")).ShouldBe([0xEF, 0xBB, 0xBF, (byte)'{', (byte)'}']);
    }

    [Test]
    public async Task scrubbers_change_lines_before_the_comparison()
    {
        Keep("x.verified.txt", "KEPT");

        await Verify("kept\n\nport 4711\nTOOK 12 ms").UseDirectory(folder).UseFileName("x")
            .ScrubLinesWithReplace(line => line.ToUpperInvariant())
            .ScrubLinesContaining("took")
            .ScrubEmptyLines()
            .ScrubLines(line => line.StartsWith("port", StringComparison.Ordinal));
    }

    [Test]
    public async Task folders_of_this_machine_are_named_instead()
    {
        var project = Path.GetFullPath(Path.Combine(Path.GetDirectoryName(Here())!, ".."));
        Keep("x.verified.txt", "{ProjectDirectory}a {SolutionDirectory}b {CurrentDirectory}c {TempPath}d");

        await Verify($"{project}/a {Path.GetFullPath(project + "/../..")}/b {AppContext.BaseDirectory}c {Path.GetTempPath()}d")
            .UseDirectory(folder).UseFileName("x");
    }

    [Test]
    public async Task names_can_be_given_in_parts()
    {
        await Should.ThrowAsync<Exception>(
            Verify("new").UseDirectory(folder).UseTypeName("Type").UseMethodName("Method").ToTask);

        Only().ShouldBe("Type.Method.received.txt");
        Should.Throw<InvalidOperationException>(() => Verify("new").UseTypeName("Type").UseFileName("x"));
    }

    [Test]
    public async Task more_parameters_than_the_test_has_are_refused() =>
        await Should.ThrowAsync<ArgumentException>(Verify("new").UseDirectory(folder).UseParameters(1).ToTask);

    [Test]
    public async Task a_comparison_runs_once_however_often_it_is_awaited()
    {
        var calls = 0;
        Keep("x.verified.txt", "same");
        var comparison = Verify("same").UseDirectory(folder).UseFileName("x").AddScrubber(_ => calls++);

        await comparison;
        await comparison;

        calls.ShouldBe(1);
    }

    private static SettingsTask Verify(string text) => VerifyNUnit.Verifier.Verify(text);

    private static string Here([CallerFilePath] string path = "") => path;

    private string Only() => Path.GetFileName(Directory.GetFiles(folder).ShouldHaveSingleItem());

    private string Read(string name) => File.ReadAllText(Path.Combine(folder, name));

    private void Keep(string name, string text) => File.WriteAllText(Path.Combine(folder, name), text);
}
