using System.CommandLine;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>Remembers for this checkout which packages come from the feed.</summary>
internal static class Packages
{
    private const string Show = "show";

    public static Command Create()
    {
        var choice = new Argument<string>("choice")
        {
            Description = "stand-ins, nuget, families joined by '+', or show. Families: "
                + string.Join(", ", PackageChoice.Families) + ".",
            DefaultValueFactory = _ => Show,
        };

        var verb = new Verb(
            "packages",
            "Chooses where packages come from: this repository's stand-ins, or the feed.",
            "./billing packages                       what is chosen",
            "./billing packages nuget                 every package from the feed",
            "./billing packages Marten+WolverineFx    these from the feed, the others stand-ins",
            "./billing packages stand-ins             back to the default",
            "./billing doctor                         which of these the feed could serve")
        {
            choice,
        };
        verb.SetAction(parsed =>
        {
            var output = parsed.InvocationConfiguration.Output;
            var text = parsed.GetRequiredValue(choice);
            if (text != Show)
            {
                var chosen = PackageChoice.Parse(text);
                PackageChoice.Remember(Checkout.Root, chosen);
                output.WriteLine($"Packages from now on: {chosen.Text} ({chosen.Meaning}).");
                output.WriteLine("The next ./billing up, ./billing test or dotnet build restores and builds that way.");
                if (chosen.TakesSomethingFromFeed)
                    output.WriteLine("Whether the feed has them: ./billing doctor. Back: ./billing packages stand-ins");
            }
            else
            {
                var chosen = PackageChoice.Current(Checkout.Root, out var source);
                output.WriteLine($"Packages: {chosen.Text} ({chosen.Meaning}), {source}.");
            }
        });

        return verb;
    }
}
