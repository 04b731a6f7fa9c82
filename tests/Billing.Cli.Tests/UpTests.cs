using System.Diagnostics;
using Billing.LocalTools;
using Billing.Testbed;

namespace Billing.Cli.Tests;

/// <summary>
/// The real verb in a checkout whose AppHost only says what it was given: a build takes seconds, and what happens
/// around it is the same.
/// </summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class UpTests : IDisposable
{
    private const string AppHost = """
        using System.Runtime.InteropServices;
        using var stop = new ManualResetEventSlim();
        using var signal = PosixSignalRegistration.Create(PosixSignal.SIGTERM, asked => { asked.Cancel = true; stop.Set(); });
        string[] names = ["ASPNETCORE_URLS", "DOTNET_ENVIRONMENT", "Billing__Kafka", "ASPIRE_ALLOW_UNSECURED_TRANSPORT"];
        foreach (var name in names)
            Console.WriteLine($"{name}={Environment.GetEnvironmentVariable(name)}");
        Console.WriteLine($"AppHost {Environment.ProcessId} in {Environment.CurrentDirectory}");
        stop.Wait();
        return 42;
        """;

    private readonly Folder checkout = new("billing up ");

    public void Dispose() => checkout.Dispose();

    [Test]
    public async Task it_builds_once_and_becomes_the_app_host()
    {
        MakeCheckout();

        var first = await UpAndDown();
        first.ShouldContain("Building AppHost and services: done");
        first.ShouldContain("ASPNETCORE_URLS=http://127.0.0.1:2");
        first.ShouldContain("DOTNET_ENVIRONMENT=Development");
        first.ShouldContain("Billing__Kafka=embedded");
        first.ShouldContain($"in {checkout.Of("AppHost")}");

        (await UpAndDown()).ShouldNotContain("Building");
        checkout.Write(Path.Combine("AppHost", "Program.cs"), AppHost.Replace("AppHost {", "Changed {", StringComparison.Ordinal));
        (await UpAndDown("Changed")).ShouldContain("Building");
    }

    [Test]
    public async Task an_app_host_that_does_not_compile_is_named_with_its_errors()
    {
        MakeCheckout();
        checkout.Write(Path.Combine("AppHost", "Program.cs"), "return 42");

        var outcome = await Programs.Run(
            new Call(Building.Dotnet, Tool(), "up") { Environment = Variables() }, CancellationToken.None);

        outcome.ExitCode.ShouldBe(1);
        outcome.Output.ShouldContain("billing: building AppHost and services failed with 1 error");
        outcome.Output.ShouldContain("AppHost/Program.cs(1,10): error CS1002");
    }

    [Test]
    public async Task a_second_stack_on_the_same_data_is_refused_at_once()
    {
        MakeCheckout();
        checkout.Write(Path.Combine("data", "running.json"), """{ "pid": 4711 }""");
        using var held = FileLock.Try(checkout.Of("data", "stack.lock"));

        var outcome = await Programs.Run(
            new Call(Building.Dotnet, Tool(), "up") { Environment = Variables() }, CancellationToken.None);

        outcome.ExitCode.ShouldBe(1);
        outcome.Output.ShouldStartWith($"billing: a stack is running on {checkout.Of("data")} (process 4711): stop it first");
    }

    /// <summary>Everything that was said from start to stop.</summary>
    private async Task<string> UpAndDown(string name = "AppHost")
    {
        var said = new List<string>();
        var start = new ProcessStartInfo(Building.Dotnet, [Tool(), "up", "--no-sample", "--kafka", "embedded"])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (variable, value) in Variables())
            start.Environment[variable] = value;
        using var process = new Process { StartInfo = start };
        process.OutputDataReceived += (_, line) => Hear(line.Data);
        process.ErrorDataReceived += (_, line) => Hear(line.Data);
        process.Start();
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        try
        {
            // The same process: whoever started the tool has started the AppHost.
            await Eventually.Is(
                () => process.HasExited || Said().Contains($"{name} {process.Id} in", StringComparison.Ordinal),
                TimeSpan.FromMinutes(3));
            using var kill = Process.Start("kill", ["-TERM", $"{process.Id}"]);
            await process.WaitForExitAsync();
        }
        finally
        {
            if (!process.HasExited)
                process.Kill(entireProcessTree: true);
        }

        process.ExitCode.ShouldBe(42, Said());

        return Said();

        void Hear(string? line)
        {
            lock (said)
                said.Add(line ?? "");
        }

        string Said()
        {
            lock (said)
                return string.Join('\n', said);
        }
    }

    private void MakeCheckout()
    {
        checkout.Write("Billing.sln", "");
        checkout.Write(Path.Combine("services", "README.md"), "");
        checkout.Write(Path.Combine("AppHost", "Program.cs"), AppHost);
        checkout.Write(
            Path.Combine("AppHost", "AppHost.csproj"),
            """
            <Project Sdk="Microsoft.NET.Sdk">
              <PropertyGroup>
                <TargetFramework>net10.0</TargetFramework>
                <OutputType>Exe</OutputType>
                <ImplicitUsings>enable</ImplicitUsings>
              </PropertyGroup>
            </Project>
            """);
        // Started by the AppHost, so looked for before a build is skipped.
        foreach (var project in new[] { "Billing.Broker", "Billing.Samples", "Billing.Verify" })
            foreach (var file in new[] { $"{project}.csproj", Path.Combine("bin", "Debug", "net10.0", $"{project}.dll") })
                checkout.Write(Path.Combine("eng", project, file), "");

        var tool = Directory.CreateDirectory(Path.GetDirectoryName(Tool())!);
        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(typeof(CommandLine).Assembly.Location)!))
            if (Path.GetFileName(file) is var name
                && (name.StartsWith("Billing.Cli.", StringComparison.Ordinal)
                    || name.StartsWith("Billing.LocalTools.", StringComparison.Ordinal)
                    || name.StartsWith("System.CommandLine.", StringComparison.Ordinal)))
                File.Copy(file, Path.Combine(tool.FullName, name));
    }

    private string Tool() => checkout.Of("eng", "Billing.Cli", "bin", "tool", "Billing.Cli.dll");

    private Dictionary<string, string?> Variables() => new()
    {
        ["BILLING_DATA"] = checkout.Of("data"),
        ["ASPNETCORE_URLS"] = null,
        ["DOTNET_ENVIRONMENT"] = null,
        ["ConnectionStrings__postgres"] = "Host=given",
        ["BillingPackages"] = null,
    };
}
