using System.Diagnostics;
using System.Text.Json;
using Billing.Testbed;

namespace Billing.Bench.Tests;

/// <summary>Each bench, as small as it can be: what it measures adds up. How fast it is, is no matter here.</summary>
public sealed class BenchTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(3);

    [TestCase("pricing", "pricing", "--events", "2000", "--pairs", "1")]
    [TestCase("ingestion", "kafka", "--only", "kafka", "--events", "500", "--pairs", "1")]
    [TestCase("ledger", "ledger", "--events", "500", "--pairs", "1", "--alone", "20")]
    [TestCase("end-to-end", "endToEnd", "--quick", "--events", "300", "--seconds", "1", "--alone", "20")]
    public async Task a_small_run_adds_up_and_writes_its_figures(
        string bench, string figures, params string[] arguments)
    {
        // Open to others, because PostgreSQL may run as another user.
        var folder = Directory.CreateDirectory(
            Path.Combine(Path.GetTempPath(), $"billing-bench-{Guid.NewGuid():N}"));
        try
        {
            var file = Path.Combine(folder.FullName, "figures.json");
            var (code, said) = await Run(folder.FullName, [bench, .. arguments, "--json", file]);

            code.ShouldBe(0, said);
            said.ShouldContain("Everything adds up.");
            using var json = JsonDocument.Parse(await File.ReadAllTextAsync(file));
            json.RootElement.GetProperty(figures).ValueKind.ShouldBe(JsonValueKind.Object);
            folder.EnumerateFileSystemInfos("bench-*").ShouldBeEmpty("what it started is removed");
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    [Test]
    public async Task a_number_that_is_none_is_one_sentence_and_starts_nothing()
    {
        var (code, said) = await Run(Path.GetTempPath(), ["ledger", "--events", "many"]);

        code.ShouldBe(1);
        said.ShouldContain("bench: --events is a number from 1 on.");
    }

    // What it starts keeps its data in the folder.
    private static async Task<(int Code, string Said)> Run(string folder, IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Programs.Path("eng/Billing.Bench"), arguments)
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            Environment = { ["BILLING_DATA"] = folder, ["KAFKA_HOME"] = null },
        };
        using var process = Process.Start(start)!;
        var (output, errors) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(Patience);
        try
        {
            await process.WaitForExitAsync(patience.Token);
        }
        finally
        {
            if (!process.HasExited) process.Kill(entireProcessTree: true);
        }

        return (process.ExitCode, await output + await errors);
    }
}
