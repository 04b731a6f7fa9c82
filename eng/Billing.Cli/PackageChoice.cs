using System.Xml.Linq;

namespace Billing.Cli;

/// <summary>Which packages come from the feed; the value of the MSBuild property BillingPackages (docs/adr/0002).</summary>
internal sealed record PackageChoice(string Text)
{
    private const string Property = "BillingPackages";
    private const string AllFromFeed = "nuget";
    private const string NoneFromFeed = "stand-ins";

    /// <summary>What is switched as one; stand-ins/StandIns.targets lists the package ids of each.</summary>
    public static IReadOnlyList<string> Families { get; } =
    [
        "Marten", "WolverineFx", "Stripe.net", "Verify.NUnit", "OpenTelemetry.Extensions.Hosting", "JwtBearer",
        "Aspire.Hosting",
    ];

    public static PackageChoice Default { get; } = new(NoneFromFeed);

    public bool IsNuget => Text == AllFromFeed;

    public bool TakesSomethingFromFeed => Text != NoneFromFeed;

    /// <summary>Confluent.Kafka finds its native library in the feed only when everything comes from there.</summary>
    public bool NeedsNativeLibraryBuilt => !IsNuget;

    public string Meaning => Text switch
    {
        AllFromFeed => "every package from the feed, nothing under stand-ins/ is compiled",
        NoneFromFeed => "what a feed may lack is compiled from stand-ins/",
        _ => "these from the feed, the others compiled from stand-ins/",
    };

    /// <exception cref="CannotGoOn">An unknown family, or WolverineFx without Marten.</exception>
    public static PackageChoice Parse(string text)
    {
        if (text is AllFromFeed or NoneFromFeed) return new PackageChoice(text);

        var asked = text.Split('+');
        foreach (var family in asked)
            if (!Families.Contains(family))
                throw new CannotGoOn(
                    $"there is no package family '{family}'{Meant(family)}: choose {NoneFromFeed}, {AllFromFeed}, "
                    + $"or of {string.Join(", ", Families)}, joined by '+'.");

        if (asked.Contains("WolverineFx") && !asked.Contains("Marten"))
            throw new CannotGoOn(
                "WolverineFx from the feed needs Marten from the feed, because it depends on it: "
                + "choose Marten+WolverineFx.");

        // One spelling per choice, so that the same choice never builds twice.
        return new PackageChoice(string.Join('+', Families.Where(asked.Contains)));
    }

    private static string Meant(string family) =>
        Families.FirstOrDefault(known => string.Equals(known, family, StringComparison.OrdinalIgnoreCase)) is { } known
            ? $" (it is spelled {known})"
            : "";

    public static string FileOf(string checkout) => Path.Combine(checkout, ".billing", "packages.props");

    /// <summary>What a build in this checkout uses, and what decided it.</summary>
    public static PackageChoice Current(string checkout, out string source)
    {
        var file = FileOf(checkout);
        if (Environment.GetEnvironmentVariable(Property) is { Length: > 0 } given)
        {
            source = $"from the environment variable {Property}";

            return Parse(given);
        }

        if (!File.Exists(file))
        {
            source = "by default";

            return Default;
        }

        source = "remembered in .billing/packages.props";
        try
        {
            return XDocument.Load(file).Descendants(Property).FirstOrDefault() is { Value: { Length: > 0 } chosen }
                ? Parse(chosen)
                : Default;
        }
        catch (System.Xml.XmlException broken)
        {
            throw new CannotGoOn($"{file} cannot be read ({broken.Message}): choose again with ./billing packages.");
        }
    }

    public static void Remember(string checkout, PackageChoice choice)
    {
        var file = FileOf(checkout);
        if (choice == Default)
        {
            if (File.Exists(file))
                File.Delete(file);

            return;
        }

        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        var unfinished = file + ".new";
        File.WriteAllText(
            unfinished,
            $"""
            <Project>
              <!-- Written by ./billing packages; a property on the command line or in the environment wins. -->
              <PropertyGroup>
                <{Property} Condition="'$({Property})' == ''">{choice.Text}</{Property}>
              </PropertyGroup>
            </Project>

            """);
        File.Move(unfinished, file, overwrite: true);
    }
}
