// The reason is asked for only where the decision differs from the verdict. Without this script it is always there.
(() => {
  "use strict";
  const form = document.getElementById("decide-form");
  if (!form) return;
  const box = form.querySelector(".deviation");
  if (!box) return;
  const reason = box.querySelector("textarea");
  const look = () => {
    const chosen = form.querySelector("[name=kind]:checked")?.value;
    const differs = chosen !== undefined && chosen !== form.dataset.recommendation;
    box.hidden = !differs;
    reason.required = differs;
  };
  form.addEventListener("change", look);
  look();
})();
