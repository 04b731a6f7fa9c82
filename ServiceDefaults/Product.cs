using System.Reflection;
using Billing.Contracts;

namespace Billing.ServiceDefaults;

/// <summary>Which build this is, from the assembly's informational version (<c>1.0.0+commit</c>).</summary>
public sealed record Product(string Version, string? Commit, string ContractsVersion)
{
    public static Product Of(Assembly service)
    {
        var (version, commit) = Split(service);
        return new Product(version, commit, Split(typeof(Topics).Assembly).Version);
    }

    private static (string Version, string? Commit) Split(Assembly assembly)
    {
        var version = assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>();
        var text = version?.InformationalVersion ?? "0.0.0";
        return text.Split('+', 2) is [var number, var commit] ? (number, commit) : (text, null);
    }
}

/// <summary>Which process this is.</summary>
/// <param name="Name">The resource name, for example <c>stripe-sync</c>.</param>
/// <param name="Instance">Tells two processes of one service apart; new with each start.</param>
public sealed record ServiceIdentity(string Name, string Instance, Product Product, DateTimeOffset StartedAt);
