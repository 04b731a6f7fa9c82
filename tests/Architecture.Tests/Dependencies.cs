using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;
using System.Xml.Linq;

namespace Billing.Architecture.Tests;

/// <summary>contracts ← services ← nothing. A service never references another service.</summary>
public class Dependencies
{
    private static readonly string Supply = "stand" + "-ins";

    private static IEnumerable<string> Projects =>
        Tree.Paths.Where(path => path.EndsWith(".csproj", StringComparison.Ordinal));

    private static IEnumerable<string> ServiceProjects =>
        Projects.Where(path => path.StartsWith("services/", StringComparison.Ordinal));

    private static IEnumerable<string> ServiceNames => ServiceProjects.Select(Path.GetFileNameWithoutExtension)!;

    [Test]
    public void there_are_five_services_and_the_console() => ServiceNames.ShouldBe(
        ["Ingestion", "Pricing", "Ledger", "Invoicing", "StripeSync", "Console"], ignoreOrder: true);

    [TestCaseSource(nameof(ServiceProjects))]
    public void a_service_references_contracts_and_service_defaults_only(string project) =>
        References(project, "ProjectReference").ShouldBeSubsetOf(
            ["../../contracts/Billing.Contracts/Billing.Contracts.csproj", "../../ServiceDefaults/ServiceDefaults.csproj"]);

    [TestCaseSource(nameof(ServiceNames))]
    public void no_service_was_compiled_against_another(string service) =>
        ReferencedBy($"{service}.dll").Intersect(ServiceNames).ShouldBeEmpty();

    [Test]
    public void service_defaults_knows_contracts_and_no_service()
    {
        References("ServiceDefaults/ServiceDefaults.csproj", "ProjectReference")
            .ShouldBe(["../contracts/Billing.Contracts/Billing.Contracts.csproj"]);
        ReferencedBy("ServiceDefaults.dll").Intersect(ServiceNames).ShouldBeEmpty();
    }

    [Test]
    public void contracts_reference_nothing()
    {
        var project = XDocument.Load(Path.Combine(Tree.Root, "contracts/Billing.Contracts/Billing.Contracts.csproj"));

        project.Descendants().Where(element => element.Name.LocalName.EndsWith("Reference", StringComparison.Ordinal))
            .ShouldBeEmpty();
        ReferencedBy("Billing.Contracts.dll")
            .ShouldAllBe(name => name.StartsWith("System.", StringComparison.Ordinal));
    }

    [Test]
    public void the_apphost_starts_services_and_compiles_against_none() =>
        XDocument.Load(Path.Combine(Tree.Root, "AppHost/AppHost.csproj")).Descendants("ProjectReference")
            .Where(reference => ((string)reference.Attribute("Include")!).Contains("services/"))
            .ShouldAllBe(reference => (string?)reference.Attribute("ReferenceOutputAssembly") == "false");

    [Test]
    public void the_product_does_not_know_how_packages_are_supplied() => Excused.ShouldHold("supply", Tree
        .In("services", "contracts", "AppHost", "ServiceDefaults", "tests")
        .Where(file => !file.Path.StartsWith("tests/StandIns.", StringComparison.Ordinal))
        .Where(file => !file.Path.StartsWith("tests/Architecture.Tests/", StringComparison.Ordinal))
        .Where(file => !file.Path.Contains(".verified.", StringComparison.Ordinal)) // what a tool printed
        .SelectMany(TextRules.KnowsOfStandIns));

    [Test]
    public void every_project_is_in_the_solution()
    {
        var solution = File.ReadAllText(Path.Combine(Tree.Root, "Billing.sln"));

        Projects.Where(path => !path.StartsWith(Supply + "/", StringComparison.Ordinal))
            .Where(path => !solution.Contains($"\"{path.Replace('/', '\\')}\"") && !solution.Contains($"\"{path}\""))
            .ShouldBeEmpty();
    }

    [Test]
    public void versions_of_packages_are_written_in_one_place() =>
        Projects.Where(path => !path.StartsWith(Supply + "/", StringComparison.Ordinal))
            .SelectMany(path => XDocument.Load(Path.Combine(Tree.Root, path)).Descendants("PackageReference")
                .Where(reference => reference.Attribute("Version") is not null || reference.Element("Version") is not null)
                .Select(reference => $"{path}: {reference}"))
            .ShouldBeEmpty();

    private static IEnumerable<string> References(string project, string kind) =>
        XDocument.Load(Path.Combine(Tree.Root, project)).Descendants(kind)
            .Select(reference => ((string)reference.Attribute("Include")!).Replace('\\', '/'));

    // Read from the metadata, since an assembly that is never loaded says nothing at run time.
    private static IReadOnlyList<string> ReferencedBy(string assembly)
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, assembly));
        using var image = new PEReader(file);
        var metadata = image.GetMetadataReader();
        return [.. metadata.AssemblyReferences
            .Select(handle => metadata.GetString(metadata.GetAssemblyReference(handle).Name))];
    }
}
