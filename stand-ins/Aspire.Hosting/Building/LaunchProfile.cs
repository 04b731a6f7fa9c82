using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace Aspire.Hosting.ApplicationModel;

/// <summary>One profile of a project's <c>Properties/launchSettings.json</c>.</summary>
internal sealed record LaunchProfile(
    string Name, IReadOnlyList<Uri> Urls, IReadOnlyDictionary<string, string> Environment, string? Arguments)
{
    private static readonly JsonDocumentOptions Lenient =
        new() { CommentHandling = JsonCommentHandling.Skip, AllowTrailingCommas = true };

    /// <summary>
    /// The profile asked for; else the one the application host itself was started with; else the first that
    /// starts the project. None when the project has no launch settings.
    /// </summary>
    /// <exception cref="DistributedApplicationException">The profile asked for is not there.</exception>
    public static LaunchProfile? Find(
        string resource, string projectPath, string? asked, IConfiguration configuration)
    {
        var profiles = Read(resource, projectPath);
        if (asked is not null)
        {
            return profiles.FirstOrDefault(each => each.Name == asked) ?? throw new DistributedApplicationException(
                $"The project of resource '{resource}' has no launch profile '{asked}'.");
        }

        var own = configuration["DOTNET_LAUNCH_PROFILE"];
        return profiles.FirstOrDefault(each => each.Name == own) ?? (profiles.Count > 0 ? profiles[0] : null);
    }

    /// <summary>The profiles of a project, to start it with.</summary>
    public static IReadOnlyList<LaunchProfile> Read(string resource, string projectPath)
    {
        var folder = Directory.Exists(projectPath) ? projectPath : Path.GetDirectoryName(projectPath)!;
        var file = Path.Combine(folder, "Properties", "launchSettings.json");
        if (!File.Exists(file)) return [];

        try
        {
            using var settings = JsonDocument.Parse(File.ReadAllText(file), Lenient);
            return settings.RootElement.TryGetProperty("profiles", out var profiles)
                ? [.. profiles.EnumerateObject()
                    .Where(each => Text(each.Value, "commandName") == "Project")
                    .Select(each => Parse(each.Name, each.Value))]
                : [];
        }
        catch (JsonException wrong)
        {
            throw new DistributedApplicationException(
                $"The launch settings of resource '{resource}' ({file}) are not JSON: {wrong.Message}", wrong);
        }
    }

    private static LaunchProfile Parse(string name, JsonElement profile)
    {
        var urls = (Text(profile, "applicationUrl") ?? "")
            .Split(';', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)
            .Select(url => new Uri(url.Replace("://*", "://localhost", StringComparison.Ordinal)
                .Replace("://+", "://localhost", StringComparison.Ordinal)));
        var environment = profile.TryGetProperty("environmentVariables", out var variables)
            ? variables.EnumerateObject().ToDictionary(each => each.Name, each => each.Value.GetString() ?? "")
            : [];

        // A project has one endpoint per scheme; the first address counts.
        return new(name, [.. urls.DistinctBy(url => url.Scheme)], environment, Text(profile, "commandLineArgs"));
    }

    private static string? Text(JsonElement profile, string property) =>
        profile.TryGetProperty(property, out var value) ? value.GetString() : null;
}
