using Aspire.Hosting.ApplicationModel;

namespace Aspire.Hosting.Orchestration;

/// <summary>Who needs whom: read off waits, references, parents and connection strings.</summary>
internal static class Dependencies
{
    /// <summary>The resources that a value is made of.</summary>
    public static IEnumerable<IResource> ResourcesIn(object? value) => ResourcesIn(value, []);

    /// <summary>All that a resource needs while it runs.</summary>
    public static IEnumerable<IResource> Of(IResource resource)
    {
        var waits = resource.Annotations.OfType<WaitAnnotation>().Select(wait => wait.Resource);
        var relations = resource.Annotations.OfType<ResourceRelationshipAnnotation>()
            .Where(relation => relation.Type != KnownRelationshipTypes.Parent)
            .Select(relation => relation.Resource);
        var parent = resource is IResourceWithParent child ? [child.Parent] : Array.Empty<IResource>();
        var values = resource is IResourceWithConnectionString and not ParameterResource
            ? ResourcesIn(((IResourceWithConnectionString)resource).ConnectionStringExpression) : [];
        return waits.Concat(relations).Concat(parent).Concat(values)
            .Where(each => !ReferenceEquals(each, resource)).Distinct();
    }

    /// <summary>
    /// The resources in groups: each group needs only groups before it. Two resources that refer to each
    /// other (they may: an address is known before its owner runs) are put in the order in which they were
    /// added.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<IResource>> InOrder(IReadOnlyCollection<IResource> resources)
    {
        var depth = new Dictionary<IResource, int>();
        var open = new HashSet<IResource>();
        return [.. resources.GroupBy(Depth).OrderBy(group => group.Key).Select(group => group.ToArray())];

        int Depth(IResource resource)
        {
            if (depth.TryGetValue(resource, out var known)) return known;

            open.Add(resource);
            var deepest = 0;
            foreach (var needed in Of(resource).Where(each => !open.Contains(each)))
            {
                deepest = Math.Max(deepest, Depth(needed) + 1);
            }

            open.Remove(resource);
            return depth[resource] = deepest;
        }
    }

    /// <exception cref="DistributedApplicationException">
    /// Resources wait for each other, or one waits for a resource that is not part of the application.
    /// </exception>
    public static void Check(IReadOnlyCollection<IResource> resources)
    {
        var safe = new HashSet<IResource>();
        foreach (var resource in resources) Follow(resource, []);

        void Follow(IResource resource, List<IResource> way)
        {
            if (safe.Contains(resource)) return;
            if (way.Contains(resource))
            {
                var circle = way.SkipWhile(each => each != resource).Append(resource).Select(each => each.Name);
                throw new DistributedApplicationException(
                    $"Resources wait for each other in a circle: {string.Join(" -> ", circle)}.");
            }

            way.Add(resource);
            foreach (var wait in resource.Annotations.OfType<WaitAnnotation>())
            {
                if (!resources.Contains(wait.Resource))
                {
                    throw new DistributedApplicationException(
                        $"Resource '{resource.Name}' waits for '{wait.Resource.Name}', which was not added to the "
                        + "application.");
                }

                Follow(wait.Resource, way);
            }

            way.RemoveAt(way.Count - 1);
            safe.Add(resource);
        }
    }

    private static IEnumerable<IResource> ResourcesIn(object? value, HashSet<object> seen)
    {
        switch (value)
        {
            case null or string:
                return [];
            case EndpointReference endpoint:
                return [endpoint.Resource];
            case EndpointReferenceExpression part:
                return [part.Endpoint.Resource];
        }

        if (!seen.Add(value)) return [];
        IEnumerable<IResource> own = value is IResource resource ? [resource] : [];
        var references = value is IValueWithReferences made ? made.References : [];
        return own.Concat(references.SelectMany(each => ResourcesIn(each, seen))).Distinct();
    }
}
