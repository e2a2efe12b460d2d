// Dragging a ticket to another place of its backlog. Without this script the buttons beside it do the same.
(() => {
  "use strict";
  const place = document.getElementById("place");
  if (!place || !window.Sortable) return;
  for (const list of document.querySelectorAll("[data-backlog]")) {
    Sortable.create(list, {
      animation: matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 120,
      forceFallback: true, fallbackOnBody: true, fallbackTolerance: 4, delay: 220, delayOnTouchOnly: true,
      filter: "a, button, input",
      preventOnFilter: false,
      onEnd({ item, oldIndex, newIndex }) {
        if (oldIndex === newIndex) return;
        place.elements.key.value = item.dataset.key;
        place.elements.expected_version.value = item.dataset.version;
        place.elements.before_key.value = item.nextElementSibling?.dataset.key ?? "";
        place.submit();
      },
    });
  }
})();
