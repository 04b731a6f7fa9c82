using System.Collections.Concurrent;
using Billing.LocalTools;

namespace Billing.Cli.Tests;

/// <summary>Asks MSBuild itself what each project references in each mode; nothing is restored or built.</summary>
public sealed class PackageSwitchTests
{
    private const string SdkVersion = "13.3.0";

    private static readonly string[] Areas = ["AppHost", "ServiceDefaults", "contracts", "services", "eng", "tests"];

    private static readonly ConcurrentDictionary<string, Lazy<Task<IReadOnlyList<Reference>>>> Evaluated = new();
    private static readonly Folder Work = new();

    private sealed record Reference(string Project, string Kind, string Name)
    {
        public bool IsStandIn => Kind == "project" && Name.StartsWith("stand-ins/", StringComparison.Ordinal);
    }

    [OneTimeTearDown]
    public static void Remove() => Work.Dispose();

    [Test]
    public async Task in_nuget_mode_no_project_references_a_stand_in()
    {
        var references = await In("nuget");

        references.ShouldNotContain(reference => reference.IsStandIn);
        Packages(references, "AppHost").ShouldContain("Aspire.Hosting.AppHost");
        Packages(references, "Billing.Cli.Tests").ShouldContain("Verify.NUnit");
        Packages(references, "ServiceDefaults").ShouldContain("Confluent.Kafka");
    }

    [Test]
    public async Task in_nuget_mode_the_app_host_is_built_with_the_real_sdk()
    {
        (await In("nuget")).ShouldContain(new Reference("AppHost", "sdk", $"Aspire.AppHost.Sdk {SdkVersion}"));
        (await In("stand-ins")).ShouldNotContain(reference => reference.Kind == "sdk");
    }

    [Test]
    public async Task by_default_everything_that_a_feed_may_lack_is_a_stand_in()
    {
        var references = await In("stand-ins");

        StandIns(references, "AppHost").ShouldBe(
            ["Aspire.Hosting.AppHost", "Aspire.Hosting.Kafka", "Aspire.Hosting.PostgreSQL"],
            ignoreOrder: true);
        StandIns(references, "Billing.Cli.Tests").ShouldBe(["Verify.NUnit"]);
        // The client comes from the feed in every mode; only what it stands on is built here.
        Packages(references, "ServiceDefaults").ShouldContain("Confluent.Kafka");
        StandIns(references, "ServiceDefaults").ShouldContain("librdkafka.redist");
        references.ShouldNotContain(reference =>
            reference.Kind == "package" && reference.Name.StartsWith("Aspire.", StringComparison.Ordinal));
    }

    [Test]
    public async Task a_family_from_the_feed_leaves_the_others_stand_ins()
    {
        var references = await In("Verify.NUnit+JwtBearer");

        Packages(references, "Billing.Cli.Tests").ShouldContain("Verify.NUnit");
        StandIns(references, "Billing.Cli.Tests").ShouldBeEmpty();
        Packages(references, "ServiceDefaults").ShouldContain("Microsoft.AspNetCore.Authentication.JwtBearer");
        StandIns(references, "ServiceDefaults").ShouldBe(
            ["OpenTelemetry.Extensions.Hosting", "librdkafka.redist"], ignoreOrder: true);
    }

    [Test]
    public async Task a_family_that_nothing_references_changes_nothing_else()
    {
        var changed = await In("Marten+WolverineFx");

        changed.Where(reference => !IsOf(reference, "Marten") && !IsOf(reference, "WolverineFx"))
            .ShouldBe((await In("stand-ins")).Where(reference => !IsOf(reference, "Marten") && !IsOf(reference, "WolverineFx")));

        static bool IsOf(Reference reference, string family) =>
            reference.Name.Contains(family, StringComparison.Ordinal);
    }

    [TestCase("marten+JwtBearer", "BillingPackages names marten, which is no package family")]
    [TestCase("WolverineFx", "WolverineFx from the feed needs Marten")]
    public async Task a_build_refuses_what_is_no_mode(string mode, string sentence)
    {
        var outcome = await Programs.Run(
            new Call(
                Building.Dotnet, "msbuild", "contracts/Billing.Contracts", "-t:CollectPackageReferences",
                $"-p:BillingPackages={mode}", "-nodeReuse:false", "-nologo")
            {
                Folder = Checkout.Root,
            },
            CancellationToken.None);

        outcome.Succeeded.ShouldBeFalse();
        outcome.Output.ShouldContain(sentence);
    }

    private static IEnumerable<string> Packages(IEnumerable<Reference> all, string project) => all
        .Where(reference => reference.Project == project && reference.Kind == "package")
        .Select(reference => reference.Name);

    private static IEnumerable<string> StandIns(IEnumerable<Reference> all, string project) => all
        .Where(reference => reference.Project == project && reference.IsStandIn)
        .Select(reference => Path.GetFileNameWithoutExtension(reference.Name));

    private static Task<IReadOnlyList<Reference>> In(string mode) =>
        Evaluated.GetOrAdd(mode, new Lazy<Task<IReadOnlyList<Reference>>>(() => Evaluate(mode))).Value;

    /// <summary>All projects outside stand-ins/ in one MSBuild run, which is what makes this quick.</summary>
    private static async Task<IReadOnlyList<Reference>> Evaluate(string mode)
    {
        var output = Directory.CreateDirectory(Work.Of(mode)).FullName;
        var say = Work.Write(
            $"{mode}.targets",
            """
            <Project>
              <Target Name="SayReferences">
                <WriteLinesToFile File="$(SayTo)/$(MSBuildProjectName).txt" Overwrite="true"
                  Lines="@(PackageReference->'package|%(Identity)');@(ProjectReference->'project|%(FullPath)');$(SaysSdk)" />
              </Target>
            </Project>
            """);
        var all = Work.Write(
            $"{mode}.proj",
            $"""
            <Project>
              <ItemGroup>
                <Asked Include="{string.Join(';', Areas.Select(area => $"{Checkout.Root}/{area}/**/*.csproj"))}" />
              </ItemGroup>
              <Target Name="All">
                <MSBuild Projects="@(Asked)" Targets="SayReferences" BuildInParallel="true"
                  Properties="BillingPackages={mode};CustomAfterMicrosoftCommonTargets={say};SayTo={output}" />
              </Target>
            </Project>
            """);
        var outcome = await Programs.Run(
            new Call(Building.Dotnet, "msbuild", all, "-t:All", "-m:2", "-nodeReuse:false", "-nologo", "-v:minimal")
            {
                Folder = Checkout.Root,
                Environment = new Dictionary<string, string?> { ["NUGET_PACKAGES"] = PackagesWithSdk() },
            },
            CancellationToken.None);
        outcome.ExitCode.ShouldBe(0, outcome.Output);

        return
        [
            .. from file in Directory.EnumerateFiles(output).Order(StringComparer.Ordinal)
               from line in File.ReadLines(file)
               let parts = line.Split('|')
               select new Reference(
                   Path.GetFileNameWithoutExtension(file), parts[0], Path.GetRelativePath(Checkout.Root, parts[1])) into reference
               select reference.Kind == "project" ? reference : reference with { Name = Path.GetFileName(reference.Name) },
        ];
    }

    /// <summary>A package folder that holds nothing but an AppHost SDK, which says that it was imported.</summary>
    private static string PackagesWithSdk()
    {
        var package = Path.Combine("packages", "aspire.apphost.sdk", SdkVersion);
        Work.Write(Path.Combine(package, ".nupkg.metadata"), """{ "version": 2, "contentHash": "x", "source": "here" }""");
        Work.Write(
            Path.Combine(package, "Sdk", "Sdk.props"),
            "<Project><PropertyGroup><AspireSdkProps>$(UsingMicrosoftNETSdk)</AspireSdkProps></PropertyGroup></Project>");
        Work.Write(
            Path.Combine(package, "Sdk", "Sdk.targets"),
            $"""
            <Project>
              <PropertyGroup>
                <SaysSdk Condition="'$(AspireSdkProps)' == 'true'">sdk|Aspire.AppHost.Sdk {SdkVersion}</SaysSdk>
              </PropertyGroup>
            </Project>
            """);

        return Work.Of("packages");
    }
}
