using System.CommandLine;
using System.Globalization;
using System.Text.RegularExpressions;
using Billing.LocalTools;

namespace Billing.Cli.Verbs;

/// <summary>Prints a development token and nothing else, for a shell to pick up.</summary>
internal static partial class Token
{
    private const string DefaultLifetime = "8h";

    public static Command Create()
    {
        var role = new Argument<string>("role") { Description = $"One of {string.Join(", ", DevelopmentIssuer.Roles)}." };
        var tenant = new Argument<string?>("tenant")
        {
            Description = "Whose data the token opens; for the role tenant only.",
            Arity = ArgumentArity.ZeroOrOne,
        };
        var lifetime = new Option<string>("--lifetime")
        {
            Description = "How long it is valid: a number of s, m, h or d.",
            HelpName = "time",
            DefaultValueFactory = _ => DefaultLifetime,
        };

        var verb = new Verb(
            "token",
            "Prints a ready-made bearer token for this checkout's own stack.",
            "./billing token finance",
            "./billing token tenant acme --lifetime 30m",
            "curl -H \"Authorization: Bearer $(./billing token ops)\" http://127.0.0.1:…/api/v1/…")
        {
            role, tenant, lifetime,
        };
        verb.SetAction(parsed =>
        {
            var text = Issue(
                parsed.GetRequiredValue(role),
                parsed.GetValue(tenant),
                parsed.GetRequiredValue(lifetime),
                Checkout.Data,
                TimeProvider.System);
            parsed.InvocationConfiguration.Output.WriteLine(text);
        });

        return verb;
    }

    internal static string Issue(string role, string? tenant, string lifetime, string dataFolder, TimeProvider time)
    {
        try
        {
            return DevelopmentIssuer.LoadOrCreate(dataFolder).Token(role, tenant, time.GetUtcNow(), Span(lifetime));
        }
        catch (Exception refused) when (refused is ArgumentException or InvalidOperationException)
        {
            throw new CannotGoOn(refused.Message);
        }
        catch (Exception refused) when (refused is UnauthorizedAccessException)
        {
            throw new CannotGoOn($"{dataFolder} cannot be written: {refused.Message}");
        }
    }

    private static TimeSpan Span(string text)
    {
        var parts = Lifetime().Match(text);
        if (!parts.Success || !int.TryParse(parts.Groups[1].Value, CultureInfo.InvariantCulture, out var count))
            throw new ArgumentException($"'{text}' is no lifetime: write a number and s, m, h or d, like 30m or 8h.");

        return parts.Groups[2].Value switch
        {
            "s" => TimeSpan.FromSeconds(count),
            "m" => TimeSpan.FromMinutes(count),
            "h" => TimeSpan.FromHours(count),
            _ when count <= 36_500 => TimeSpan.FromDays(count),
            _ => throw new ArgumentException("A token for more than a hundred years is not made."),
        };
    }

    [GeneratedRegex("^([0-9]{1,7})([smhd])$")]
    private static partial Regex Lifetime();
}
